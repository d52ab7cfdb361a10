//! The folder that a build is written to: what is in it, whose it is, and how it is changed.
//!
//! What an earlier build wrote is listed in a file of its own. Only that is ever replaced or removed; the folders of parts
//! hold nothing else, so that each can be put in the place of the old one as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::{Failed, in_file};
use super::tree::Tree;

/// The list of what an earlier build wrote.
const INDEX: &str = ".leafpack-build";
/// Its first line.
const HEAD: &str = "# What leafpack build wrote here; the next one replaces it, and removes what it makes no more.\n";

/// A folder, as it was found.
pub(super) struct Output {
    folder: PathBuf,
    /// Paths of files, with `/`.
    ours: BTreeSet<String>,
}

impl Output {
    /// # Errors
    /// A folder that is neither new, nor empty, nor an earlier build's.
    pub(super) fn read(folder: &Path) -> Result<Self, Failed> {
        let index = folder.join(INDEX);
        let output = |ours| Output {
            folder: folder.to_path_buf(),
            ours,
        };
        match fs::read_to_string(&index) {
            Ok(text) => {
                return read_index(&text)
                    .map(output)
                    .map_err(|why| in_file(&index, why));
            }
            Err(why) if why.kind() == io::ErrorKind::NotFound => {}
            Err(why) => return Err(in_file(if folder.is_dir() { &index } else { folder }, why)),
        }
        let entries = match fs::read_dir(folder) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                return Ok(output(BTreeSet::new()));
            }
            Err(why) => return Err(in_file(folder, why)),
            Ok(entries) => entries,
        };
        let mut theirs: Vec<String> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name != ".git")
            .collect();
        theirs.sort();
        match theirs.first() {
            None => Ok(output(BTreeSet::new())),
            Some(first) => Err(in_file(
                folder,
                format!(
                    "found {first}, and no {INDEX}, so it was not leafpack build that wrote here; expected a new folder, an empty one, or an earlier build's: give another --output"
                ),
            )),
        }
    }

    /// What has to be done so that the folder is the tree.
    ///
    /// # Errors
    /// Where something of somebody else's is in the way.
    pub(super) fn compare<'o>(&'o self, tree: &'o Tree) -> Result<Changes<'o>, Failed> {
        let mut names: BTreeSet<&str> = tree.folders.keys().map(String::as_str).collect();
        names.extend(
            self.ours
                .iter()
                .map(|path| path.split_once('/').map_or("", |(folder, _)| folder)),
        );
        let mut changes = Changes {
            output: self,
            tree,
            folders: BTreeMap::new(),
        };
        for name in names {
            let there = match name {
                "" => self.beside(tree)?,
                _ => self.inside(name)?,
            };
            let wanted = tree.folders.get(name);
            let wanted = wanted
                .into_iter()
                .flatten()
                .map(|(name, text)| (name.as_str(), text.as_slice()));
            let wanted: BTreeMap<&str, &[u8]> = wanted.collect();
            let has = |name: &str| there.get(name).map(Vec::as_slice);
            let mut differing: Vec<String> = wanted
                .iter()
                .filter(|(name, text)| has(name) != Some(**text))
                .map(|(name, _)| (*name).to_owned())
                .collect();
            differing.extend(
                there
                    .keys()
                    .filter(|name| !wanted.contains_key(name.as_str()))
                    .cloned(),
            );
            differing.sort();
            changes.folders.insert(name, differing);
        }
        Ok(changes)
    }

    /// The files beside the folders of parts: those of ours, and those that would be replaced.
    fn beside(&self, tree: &Tree) -> Result<BTreeMap<String, Vec<u8>>, Failed> {
        let wanted = tree.folders.get("").into_iter().flat_map(BTreeMap::keys);
        let ours = self.ours.iter().filter(|path| !path.contains('/'));
        let mut there = BTreeMap::new();
        for name in wanted.chain(ours) {
            let path = self.folder.join(name);
            match fs::read(&path) {
                Ok(_) if !self.ours.contains(name) => return Err(self.theirs(&path)),
                Ok(text) => drop(there.insert(name.clone(), text)),
                Err(why) if why.kind() == io::ErrorKind::NotFound => {}
                Err(why) => return Err(in_file(&path, why)),
            }
        }
        Ok(there)
    }

    /// The files of a part's folder.
    fn inside(&self, name: &str) -> Result<BTreeMap<String, Vec<u8>>, Failed> {
        let folder = self.folder.join(name);
        let mut there = BTreeMap::new();
        let entries = match fs::symlink_metadata(&folder) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(there),
            Ok(found) if !found.is_dir() => return Err(self.theirs(&folder)),
            _ => fs::read_dir(&folder).map_err(|why| in_file(&folder, why))?,
        };
        for entry in entries {
            let entry = entry.map_err(|why| in_file(&folder, why))?;
            let (path, file) = (
                entry.path(),
                entry.file_name().to_string_lossy().into_owned(),
            );
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if !is_file || !self.ours.contains(&format!("{name}/{file}")) {
                return Err(self.theirs(&path));
            }
            there.insert(file, fs::read(&path).map_err(|why| in_file(&path, why))?);
        }
        Ok(there)
    }

    fn theirs(&self, path: &Path) -> Failed {
        in_file(
            path,
            format!(
                "found what leafpack build did not write, and would replace; move it out of {}",
                self.folder.display()
            ),
        )
    }
}

/// The paths that the list holds: a name, or a folder and a name.
///
/// # Errors
/// Any other, which could lead elsewhere.
fn read_index(text: &str) -> Result<BTreeSet<String>, String> {
    let mut paths = BTreeSet::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let is_name =
            |name: &str| !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', ':']);
        let right = match line.split_once('/') {
            None => is_name(line),
            Some((folder, name)) => is_name(folder) && is_name(name),
        };
        if !right {
            return Err(format!(
                "found {line:?}, expected a file, or a folder and a file; put back what leafpack build wrote"
            ));
        }
        paths.insert(line.to_owned());
    }
    Ok(paths)
}

/// What has to be done.
pub(super) struct Changes<'o> {
    output: &'o Output,
    tree: &'o Tree,
    /// The files that differ, by folder; none where nothing has to be done.
    folders: BTreeMap<&'o str, Vec<String>>,
}

impl Changes<'_> {
    /// The paths of all files that differ.
    pub(super) fn differing(&self) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        for (name, files) in &self.folders {
            let folder = self.output.folder.join(name);
            paths.extend(files.iter().map(|file| folder.join(file)));
        }
        paths
    }

    /// What there is to tell: a folder or file, how many objects it holds, and whether it is another than before.
    pub(super) fn summary(&self) -> Vec<(&str, usize, bool)> {
        let objects = self.tree.objects.iter();
        objects
            .map(|(name, objects)| {
                let folder = if self.tree.folders.contains_key(name) {
                    name
                } else {
                    ""
                };
                let differing = &self.folders[folder];
                let changed = match folder {
                    "" => differing.contains(name),
                    _ => !differing.is_empty(),
                };
                (name.as_str(), *objects, changed)
            })
            .collect()
    }

    /// Writes everything that is new beside the old, then puts each folder in its place at once. What is the same stays
    /// untouched.
    ///
    /// # Errors
    /// Where something can't be written; what was replaced by then stays replaced, and the next run goes on from there.
    pub(super) fn apply(&self) -> Result<(), Failed> {
        let folder = &self.output.folder;
        fs::create_dir_all(folder).map_err(|why| in_file(folder, why))?;
        let stage = tempfile::Builder::new()
            .prefix(".leafpack-build-")
            .tempdir_in(folder)
            .map_err(|why| in_file(folder, why))?;
        let stage = stage.path();
        let new = |name: &str| stage.join(format!("new-{name}"));
        let changed = || {
            self.folders
                .iter()
                .filter(|(_, differing)| !differing.is_empty())
        };
        for (name, _) in changed() {
            let place = new(name);
            fs::create_dir(&place).map_err(|why| in_file(&place, why))?;
            for (file, text) in self.tree.folders.get(*name).into_iter().flatten() {
                let path = place.join(file);
                fs::write(&path, text).map_err(|why| in_file(&path, why))?;
            }
        }
        // Until all is done both the old and the new files are ours.
        let wanted = self.wanted();
        self.write_index(stage, &(&self.output.ours | &wanted))?;
        for (name, differing) in changed() {
            if name.is_empty() {
                for file in differing {
                    let place = folder.join(file);
                    let fresh = new(name).join(file);
                    let done = match fresh.exists() {
                        true => fs::rename(&fresh, &place),
                        false => fs::remove_file(&place),
                    };
                    done.map_err(|why| in_file(&place, why))?;
                }
                continue;
            }
            let place = folder.join(name);
            let wanted = self.tree.folders.contains_key(*name);
            swap(
                &place,
                &stage.join(format!("old-{name}")),
                wanted.then(|| new(name)),
            )
            .map_err(|why| in_file(&place, why))?;
        }
        self.write_index(stage, &wanted)
    }

    fn wanted(&self) -> BTreeSet<String> {
        let mut paths = BTreeSet::new();
        for (folder, files) in &self.tree.folders {
            let path = |name: &String| match folder.as_str() {
                "" => name.clone(),
                folder => format!("{folder}/{name}"),
            };
            paths.extend(files.keys().map(path));
        }
        paths
    }

    fn write_index(&self, stage: &Path, paths: &BTreeSet<String>) -> Result<(), Failed> {
        let index = self.output.folder.join(INDEX);
        let lines: String = paths.iter().map(|path| format!("{path}\n")).collect();
        let text = format!("{HEAD}{lines}");
        if fs::read(&index).is_ok_and(|old| old == text.as_bytes()) {
            return Ok(());
        }
        let fresh = stage.join("index");
        fs::write(&fresh, text)
            .and_then(|()| fs::rename(&fresh, &index))
            .map_err(|why| in_file(&index, why))
    }
}

/// Puts a new folder, or none, in the place of an old one, which goes to `aside`.
fn swap(place: &Path, aside: &Path, new: Option<PathBuf>) -> io::Result<()> {
    let had = match fs::rename(place, aside) {
        Ok(()) => true,
        Err(why) if why.kind() == io::ErrorKind::NotFound => false,
        Err(why) => return Err(why),
    };
    let Some(new) = new else {
        return Ok(());
    };
    fs::rename(new, place).inspect_err(|_| {
        if had {
            // The first error is the one to tell.
            let _ = fs::rename(aside, place);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    fn trees() -> impl Strategy<Value = Vec<(Tree, bool)>> {
        let files = |least| btree_map("[ab]\\.yaml", vec(any::<u8>(), 0..3), least..3);
        let folders = btree_map("[p-r]", files(1), 0..4);
        let tree = (folders, files(0)).prop_map(|(mut folders, beside)| {
            folders.insert(String::new(), beside);
            Tree {
                folders,
                objects: BTreeMap::new(),
            }
        });
        vec((tree, any::<bool>()), 1..6)
    }

    /// The files of a folder and below, but for the list.
    fn files(root: &Path, folder: &Path, out: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                files(root, &path, out);
            } else if entry.file_name() != INDEX {
                let name = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_string_lossy()
                    .replace('\\', "/");
                out.insert(name, fs::read(&path).unwrap());
            }
        }
    }

    fn done<T>(result: Result<T, Failed>) -> T {
        result.unwrap_or_else(|_| panic!("it can be written"))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever is built after whatever, and whatever of it somebody has deleted or emptied in between: the folder
        /// is the tree, and what is beside it stays.
        #[test]
        fn the_folder_becomes_the_tree(trees in trees()) {
            let root = tempfile::tempdir().unwrap();
            let out = root.path().join("out");
            for (index, (tree, is_meddled_with)) in trees.iter().enumerate() {
                let output = done(Output::read(&out));
                done(done(output.compare(tree)).apply());
                if index == 0 {
                    fs::write(out.join("README.md"), "theirs").unwrap();
                }
                let mut expected = BTreeMap::from([("README.md".to_owned(), b"theirs".to_vec())]);
                for (folder, inner) in &tree.folders {
                    let path = |name: &String| match folder.as_str() {
                        "" => name.clone(),
                        folder => format!("{folder}/{name}"),
                    };
                    expected.extend(inner.iter().map(|(name, text)| (path(name), text.clone())));
                }
                let mut found = BTreeMap::new();
                files(&out, &out, &mut found);
                prop_assert_eq!(&found, &expected);
                let again = done(Output::read(&out));
                prop_assert!(done(again.compare(tree)).differing().is_empty());
                let ours: BTreeSet<String> = expected.into_keys().filter(|name| name != "README.md").collect();
                prop_assert_eq!(&again.ours, &ours);
                if let (true, Some(name)) = (is_meddled_with, ours.first()) {
                    fs::remove_file(out.join(name)).unwrap();
                    if let Some(name) = ours.last().filter(|name| out.join(name).exists()) {
                        fs::write(out.join(name), "").unwrap();
                    }
                }
            }
        }
    }
}
