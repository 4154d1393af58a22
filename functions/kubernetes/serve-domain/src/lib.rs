//! Serves a tenant's own domains in its namespace, as the name that the platform gave it is served there: as many as there are just
//! now, one and at times the one that is to take its place. The resource is all of them, so its handle follows from the tenant alone.
//!
//! Each has an ingress that is called as it is, from the start: that the cluster would not have the name is told at once. A certificate
//! is asked for only once the customer's DNS was seen to lead here: an authority counts what is asked for in vain, of all tenants
//! together. It is asked for after the ingress is there and goes before it, so whose ingress is gone has none.
//!
//! The secret that cert-manager keeps a certificate in stays, and goes with the namespace: to be let delete it, one would have to
//! be let delete any.

use fault::Fault;
use kubernetes::api::networking::v1::Ingress;
use kubernetes::cert_manager::{Certificate, CertificateSpec};
use kubernetes::{Cluster, Object, Propagation, TenantIngress};
use saga::{Context, Held, Inventory, Presence, Step};
use serde::{Deserialize, Serialize};
use tenancy::{DomainName, Mark};

#[derive(Debug)]
pub struct ServeDomain {
    pub cluster: Cluster,
    pub deployment: String,
    /// What tenants' namespaces begin with.
    pub prefix: String,
}

#[derive(Debug, Deserialize)]
pub struct Params {
    /// The domain that was seen to lead here, if one was.
    proven: Option<DomainName>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    /// The namespace that they are served in: `mb-acme-7f3a9c`.
    served_in: String,
}

#[derive(Debug, Serialize)]
pub struct Output {
    domains: Vec<DomainName>,
}

impl Step for ServeDomain {
    const NAME: &'static str = "kubernetes-serve-domain";
    type Params = Params;
    type Handle = Handle;
    type Output = Output;

    fn handle(&self, mark: &Mark) -> Handle {
        Handle { served_in: format!("{}-{}", self.prefix, mark.tenant) }
    }

    async fn apply(&self, cx: &Context, params: &Params, handle: &Handle) -> Result<Output, Fault> {
        let wanted = &cx.tenant.domains;
        let served = self.served(&cx.mark, handle).await?;
        for hostname in served.iter().filter(|name| !wanted.iter().any(|it| it.as_str() == name.as_str())) {
            self.remove(&cx.mark, handle, hostname).await?;
        }
        for domain in wanted {
            self.serve(&cx.mark, handle, domain, params.proven.as_ref() == Some(domain)).await?;
        }
        Ok(Output { domains: wanted.clone() })
    }

    async fn destroy(&self, mark: &Mark, handle: &Handle) -> Result<(), Fault> {
        for hostname in self.served(mark, handle).await? {
            self.remove(mark, handle, &hostname).await?;
        }
        Ok(())
    }

    async fn observe(&self, mark: &Mark, handle: &Handle) -> Result<Presence, Fault> {
        Ok(Presence::from(!self.served(mark, handle).await?.is_empty()))
    }

    async fn inventory(&self, after: Option<&str>) -> Result<Inventory<Handle>, Fault> {
        let part = self.cluster.marked::<Ingress>(None, &self.deployment, after).await?;
        let held = |ingress: &Ingress| {
            let (owner, made_at) = Cluster::owner(ingress)?;
            let handle = Handle { served_in: ingress.metadata.namespace.clone()? };
            Some(Held { owner: owner.to_owned(), handle, made_at })
        };
        let own = part.items.iter().filter(|ingress| TenantIngress::is_at_another(ingress));
        let mut held: Vec<Held<Handle>> = own.filter_map(held).collect();
        held.sort_by(|a, b| a.owner.cmp(&b.owner));
        held.dedup_by(|a, b| a.owner == b.owner);
        Ok(Inventory { held, next: part.next })
    }
}

impl ServeDomain {
    /// Has a domain lead to the tenant; by HTTPS, once it is proven, and from then on.
    async fn serve(
        &self,
        mark: &Mark,
        handle: &Handle,
        domain: &DomainName,
        proven: bool,
    ) -> Result<(), Fault> {
        let (owner, namespace) = (mark.to_string(), handle.served_in.as_str());
        let model: Ingress = self.model(&owner, namespace, TenantIngress::NAME).await?;
        let hostname = domain.as_str();
        let certified = self.cluster.find_own::<Certificate>(Some(namespace), hostname, &owner).await?;
        if certified.is_none() && !proven {
            self.cluster.apply(&TenantIngress::at(&model, hostname, None), &owner).await?;
            return Ok(());
        }
        self.cluster.apply(&TenantIngress::at(&model, hostname, Some(hostname)), &owner).await?;
        let certificate: Certificate = self.model(&owner, namespace, TenantIngress::CERTIFICATE).await?;
        let certificate = CertificateSpec {
            secret_name: hostname.to_owned(),
            dns_names: vec![hostname.to_owned()],
            issuer_ref: certificate.spec.issuer_ref,
        };
        // The probe waits for it: an authority may take longer than a call of a function.
        self.cluster.apply(&Certificate::new(namespace, hostname, certificate), &owner).await?;
        Ok(())
    }

    /// What the tenant has for the platform's own name.
    async fn model<K: Object>(&self, owner: &str, namespace: &str, name: &str) -> Result<K, Fault> {
        let missing = || Fault::not_ready(format!("the tenant has no {name} in {namespace}"));
        self.cluster.find_own(Some(namespace), name, owner).await?.ok_or_else(missing)
    }

    async fn remove(&self, mark: &Mark, handle: &Handle, hostname: &str) -> Result<(), Fault> {
        self.take_away::<Certificate>(mark, handle, hostname).await?;
        self.take_away::<Ingress>(mark, handle, hostname).await
    }

    /// Says so only once it is seen to be gone: the name is free for others then.
    async fn take_away<K: Object>(&self, mark: &Mark, handle: &Handle, name: &str) -> Result<(), Fault> {
        let (namespace, owner) = (Some(handle.served_in.as_str()), mark.to_string());
        self.cluster.delete::<K>(namespace, name, &owner, Propagation::Background).await?;
        match self.cluster.find_own::<K>(namespace, name, &owner).await? {
            None => Ok(()),
            Some(_) => Err(Fault::not_ready(format!("{name} was asked to go, and is still there"))),
        }
    }

    /// The names of the domains that are the tenant's, and there.
    async fn served(&self, mark: &Mark, handle: &Handle) -> Result<Vec<String>, Fault> {
        let owner = mark.to_string();
        let part = self.cluster.marked::<Ingress>(Some(&handle.served_in), &mark.deployment, None).await?;
        let own = part.items.into_iter().filter(|it| {
            TenantIngress::is_at_another(it) && Cluster::owner(it).is_some_and(|(of, _)| of == owner)
        });
        Ok(own.filter_map(|ingress| ingress.metadata.name).collect())
    }
}

#[cfg(test)]
mod tests;
