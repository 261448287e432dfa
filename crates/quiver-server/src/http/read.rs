//! The read API: what was judged of the models and what is known of their events, as pages and scripts ask for it.

mod asked;
mod column;
mod compare;
mod decision;
mod diagnosis;
mod events;
mod features;
mod findings;
mod inference;
mod overview;
mod performance;
mod remembered;
mod renewal;
mod scope;
mod series;
mod session;
mod slices;
mod specs;
mod tag;
mod turns;
mod windows;
mod words;

pub use features::KeptRows;
pub use overview::KeptModels;
pub use renewal::renew_answers;
pub use tag::{Answers, Subject, names_tag, tag};

use super::App;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route of the read API.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(session::session))
        .routes(routes!(session::keys))
        .routes(routes!(overview::overview))
        .routes(routes!(windows::windows))
        .routes(routes!(diagnosis::diagnosis))
        .routes(routes!(findings::findings))
        .routes(routes!(series::series))
        .routes(routes!(features::features))
        .routes(routes!(column::feature))
        .routes(routes!(slices::feature_slices))
        .routes(routes!(slices::slices))
        .routes(routes!(inference::inference))
        .routes(routes!(decision::decision))
        .routes(routes!(performance::performance))
        .routes(routes!(compare::compare))
        .routes(routes!(events::events))
        .routes(routes!(events::event))
        .routes(routes!(specs::specs))
        .routes(routes!(specs::spec))
}
