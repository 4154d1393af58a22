use kubernetes::cnpg::{
    Bootstrap, ClusterSpec, ExternalCluster, InitDb, Plugin, Postgres, Recovery, RecoveryTarget,
};
use saga::Context;

use crate::Params;
use crate::objects::{DATABASE, ORIGIN};

/// What is decided about a database when it is made, and stays.
#[derive(Clone, Debug)]
pub(crate) struct Birth {
    pub(crate) bootstrap: Option<Bootstrap>,
    pub(crate) external_clusters: Vec<ExternalCluster>,
    /// What it is called where it archives.
    pub(crate) server: String,
}

impl Birth {
    /// As that of the database that is there; of one that is not there yet as it is to be now.
    pub(crate) fn of(there: Option<&Postgres>, cx: &Context, params: &Params) -> Self {
        let server = || format!("{}-{}", params.cluster, cx.operation.to_string().to_lowercase());
        if let Some(there) = there {
            let ClusterSpec { bootstrap, external_clusters, plugins, .. } = there.spec.clone();
            let archiver = plugins.into_iter().find(|plugin| plugin.is_wal_archiver == Some(true));
            let server = archiver.map_or_else(server, |plugin| plugin.parameters.server_name);
            return Self { bootstrap, external_clusters, server };
        }
        let (database, owner) = (DATABASE.to_owned(), DATABASE.to_owned());
        if params.origin_server.is_empty() {
            let bootstrap = Some(Bootstrap::InitDb(InitDb { database, owner }));
            return Self { bootstrap, external_clusters: Vec::new(), server: server() };
        }
        let at = cx.tenant.origin.as_ref().and_then(|origin| origin.at);
        let recovery_target = at.map(|at| RecoveryTarget { target_time: at.to_string() });
        let recovery = Recovery { database, owner, source: ORIGIN.to_owned(), recovery_target };
        let origin =
            ExternalCluster { name: ORIGIN.to_owned(), plugin: Plugin::of(ORIGIN, &params.origin_server) };
        Self {
            bootstrap: Some(Bootstrap::Recovery(recovery)),
            external_clusters: vec![origin],
            server: server(),
        }
    }
}
