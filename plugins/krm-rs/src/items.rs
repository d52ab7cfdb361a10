//! The objects of a list, found and replaced by identity.

use crate::object::{Object, ObjectId};
use std::ops::{Deref, DerefMut};

/// The items of a [`ResourceList`](crate::ResourceList). It is a `Vec` of objects, and knows what makes two of them the
/// same.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Items(Vec<Object>);

/// What [`Items::upsert`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upserted {
    /// There was none of this identity: it is the last item now.
    Added,
    /// It stands where the old one stood.
    Replaced,
}

impl Deref for Items {
    type Target = Vec<Object>;

    fn deref(&self) -> &Vec<Object> {
        &self.0
    }
}

impl DerefMut for Items {
    fn deref_mut(&mut self) -> &mut Vec<Object> {
        &mut self.0
    }
}

impl From<Vec<Object>> for Items {
    fn from(items: Vec<Object>) -> Self {
        Items(items)
    }
}

impl IntoIterator for Items {
    type Item = Object;
    type IntoIter = std::vec::IntoIter<Object>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Items {
    type Item = &'a Object;
    type IntoIter = std::slice::Iter<'a, Object>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a mut Items {
    type Item = &'a mut Object;
    type IntoIter = std::slice::IterMut<'a, Object>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

impl Items {
    /// The objects that will reach a cluster.
    ///
    /// kustomize hands a generator a copy of its own functionConfig, and a transformer too when there are no resources;
    /// kpt hands over every file. Those are marked as local configuration, and a function that works on objects passes
    /// them by. They stay in the list: kpt would delete the user's file, and kustomize drops them by itself.
    pub fn deployable(&self) -> impl Iterator<Item = &Object> {
        self.0.iter().filter(|object| !object.is_local_config())
    }

    /// As [`Items::deployable`], to change them.
    pub fn deployable_mut(&mut self) -> impl Iterator<Item = &mut Object> {
        self.0.iter_mut().filter(|object| !object.is_local_config())
    }

    /// The first object with this identity.
    pub fn find(&self, id: &ObjectId) -> Option<&Object> {
        self.0.iter().find(|object| id.is_of(object))
    }

    /// As [`Items::find`], to change it.
    pub fn find_mut(&mut self, id: &ObjectId) -> Option<&mut Object> {
        self.0.iter_mut().find(|object| id.is_of(object))
    }

    /// Adds a generated object, or puts it in the place of the one with the same identity, so that a function run twice
    /// gives the same list.
    ///
    /// It asks nobody: an object of the user's with that identity is replaced as well, also one that is marked as local
    /// configuration, for two of one identity no host accepts. Look at what is there with [`Items::find`] first.
    ///
    /// The old object's bookkeeping stays: kustomize finds its resources again, and their name references and hash
    /// suffixes, by annotations of its own, and kpt its files and their comments.
    pub fn upsert(&mut self, mut object: Object) -> Upserted {
        match self.0.iter_mut().find(|old| old.is_same(&object)) {
            Some(old) => {
                for (key, value) in old.annotations() {
                    if is_bookkeeping(key) {
                        object.set_annotation(key, value);
                    }
                }
                *old = object;
                Upserted::Replaced
            }
            None => {
                self.0.push(object);
                Upserted::Added
            }
        }
    }
}

/// Annotations by which kustomize and kpt recognise what they handed over (`kioutil.go`, `resource.go`).
fn is_bookkeeping(key: &str) -> bool {
    key.starts_with("internal.config.kubernetes.io/")
        || matches!(
            key,
            "config.kubernetes.io/path"
                | "config.kubernetes.io/index"
                | "config.k8s.io/id"
                | "kustomize.config.k8s.io/id"
        )
}
