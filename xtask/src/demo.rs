//! `cargo xtask demo`
use crate::Result;
use crate::workspace::Workspace;
/// x
pub(crate) fn demo(workspace: &Workspace) -> Result<()> {
    crate::build::build(workspace).map(|_| ())
}
