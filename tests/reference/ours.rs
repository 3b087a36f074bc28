//! rhelm as a library, on charts in memory.

use rhelm::engine::Release;
use rhelm::render::{Outcome, Request, render};
use rhelm::tree::Memory;
use rhelm::value::MapRef;
use rhelm::values::ValueOptions;
use rhelm::world::World;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Renders the chart in folder `c` of the tree: the texts of its manifests in order, or Helm's words.
pub fn rendered(tree: &Memory) -> Result<Vec<Vec<u8>>, String> {
    catch_unwind(AssertUnwindSafe(|| {
        let request = Request {
            chart: "c".to_owned(),
            release: Release {
                name: "test-release".to_owned(),
                namespace: "default".to_owned(),
                is_upgrade: false,
                kube_version: Default::default(),
                api_versions: Vec::new(),
                served: None,
                revision: 1,
            },
            warn_of_crds: false,
            include_crds: false,
            skip_schema_validation: false,
            tera: false,
        };
        let mut outcome = Outcome::default();
        let mut world = World::default();
        let (user, layers): (MapRef, _) = ValueOptions::default().read(tree).map_err(|error| error.helm_words())?;
        match render(tree, &request, &user, layers, &mut world, &mut outcome) {
            Ok(()) => Ok(outcome.manifests.resources.iter().map(|document| document.text.to_vec()).collect()),
            Err(error) => Err(error.helm_words()),
        }
    }))
    .unwrap_or_else(|_| Err("rhelm panicked".to_owned()))
}
