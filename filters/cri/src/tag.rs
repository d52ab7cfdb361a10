//! Pod, namespace and container from a Fluent Bit tag.

use leafpack_fluent_bit::json::is_plain;

/// What the kubelet's file name in `/var/log/containers` says, which `Tag kube.*` makes a part of the tag:
/// `<pod>_<namespace>_<container>-<64 hexadecimal digits>.log`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pod<'a> {
    /// Name of the pod; may hold dots.
    pub name: &'a [u8],
    /// Its namespace.
    pub namespace: &'a [u8],
    /// Name of the container.
    pub container: &'a [u8],
}

/// What stands before the file name in the tag, slashes turned to dots.
const FOLDER: &[u8] = b"var.log.containers.";

impl<'a> Pod<'a> {
    /// Reads a tag; `None` where it does not come from a container's file.
    pub fn of(tag: &'a [u8]) -> Option<Self> {
        let mut file = tag;
        while !file.starts_with(FOLDER) {
            file = file.get(1..)?;
        }
        let file = file.get(FOLDER.len()..)?.strip_suffix(b".log")?;
        let (file, id) = file.split_at_checked(file.len().checked_sub(65)?)?;
        let [b'-', id @ ..] = id else { return None };
        let (name, rest) = split(file)?;
        let (namespace, container) = split(rest)?;
        let pod = Self {
            name,
            namespace,
            container,
        };
        let valid = !name.is_empty()
            && !namespace.is_empty()
            && !container.is_empty()
            && is_plain(file)
            && id.iter().all(u8::is_ascii_hexdigit);
        valid.then_some(pod)
    }
}

/// What stands before and behind the first `_`.
#[inline(never)]
fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    while *text.get(at)? != b'_' {
        at += 1;
    }
    Some((text.get(..at)?, text.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn reads_the_file_name() {
        let tag = format!("kube.var.log.containers.web-7d.v2-x_shop_nginx-proxy-{ID}.log");
        let pod = Pod::of(tag.as_bytes()).unwrap();
        assert_eq!(
            (pod.name, pod.namespace, pod.container),
            (&b"web-7d.v2-x"[..], &b"shop"[..], &b"nginx-proxy"[..])
        );
    }

    #[test]
    fn refuses_other_tags() {
        for tag in [
            "".into(),
            "kube.var.log.syslog".into(),
            format!("var.log.containers.web_shop-{ID}.log"),
            format!("var.log.containers._shop_nginx-{ID}.log"),
            format!("var.log.containers.web_shop_-{ID}.log"),
            format!("var.log.containers.web_shop_nginx-{ID}"),
            format!("var.log.containers.web_shop_nginx{ID}.log"),
            "var.log.containers.web_shop_nginx-abc.log".into(),
            format!("var.log.containers.we\"b_shop_nginx-{ID}.log"),
            format!(
                "var.log.containers.web_shop_nginx-{}.log",
                ID.replace('a', "g")
            ),
        ] as [String; 10]
        {
            assert_eq!(Pod::of(tag.as_bytes()), None, "{tag}");
        }
    }
}
