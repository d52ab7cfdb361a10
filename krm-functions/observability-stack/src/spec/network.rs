//! `spec.network`.

use serde::Deserialize;

/// Who may talk to whom.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Network {
    /// Which kind of policy is generated.
    pub policy: Policy,
    /// Namespaces, beside the stack's own, whose pods may scrape the collectors.
    pub scrape_from: Vec<String>,
    /// The ports of the API server, as the Service and as the pods behind it have them.
    pub api_server_ports: Vec<u16>,
    /// Whether the collectors' port is open by IPv6 too. Needs a kernel that has it.
    pub ipv6: bool,
}

impl Default for Network {
    fn default() -> Self {
        Network {
            policy: Policy::default(),
            scrape_from: Vec::new(),
            api_server_ports: vec![443, 6443],
            ipv6: true,
        }
    }
}

/// A kind of network policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// None.
    None,
    /// `networking.k8s.io` NetworkPolicy. It knows no names, so what goes out is bound to ports rather than to peers.
    #[default]
    Kubernetes,
    /// CiliumNetworkPolicy, which knows names and the API server.
    Cilium,
}

/// The Gateway that the HTTPRoute belongs to.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ParentGateway {
    /// Its name; needed.
    pub name: String,
    /// Its namespace; the stack's own when empty.
    pub namespace: String,
    /// One of its listeners; all that take the host when empty.
    pub section: String,
}
