//! Attribute maps as the API shows them, and as Graph reads them.

use ::graph::map::{Guests, Row, Sources, Transform};
use ::graph::pull::PullScope;
use ::graph::{Cloud, Permission};
use api::{GraphCloud, GraphGuests, GraphMapRow, GraphNames, GraphScope, GraphTransform};

pub(super) fn shown(rows: Vec<Row>) -> Vec<GraphMapRow> {
    let row = |row: Row| GraphMapRow {
        graph: GraphNames(row.graph.iter().cloned().collect()),
        scim: row.scim,
        transform: row.transform.map(transform_shown),
        primary: row.primary.then_some(true),
    };
    rows.into_iter().map(row).collect()
}

pub(super) fn read(rows: Vec<GraphMapRow>) -> Vec<Row> {
    let row = |row: GraphMapRow| {
        let mut names = row.graph.0;
        let graph = match (names.len(), names.pop()) {
            (1, Some(one)) => Sources::One(one),
            (_, last) => Sources::Several(names.into_iter().chain(last).collect()),
        };
        Row {
            graph,
            scim: row.scim,
            transform: row.transform.map(transform),
            primary: row.primary.unwrap_or_default(),
        }
    };
    rows.into_iter().map(row).collect()
}

const fn transform(transform: GraphTransform) -> Transform {
    match transform {
        GraphTransform::First => Transform::First,
        GraphTransform::Join => Transform::Join,
        GraphTransform::FirstOf => Transform::FirstOf,
        GraphTransform::Lowercase => Transform::Lowercase,
        GraphTransform::Addresses => Transform::Addresses,
        GraphTransform::StripGuest => Transform::StripGuest,
    }
}

const fn transform_shown(transform: Transform) -> GraphTransform {
    match transform {
        Transform::First => GraphTransform::First,
        Transform::Join => GraphTransform::Join,
        Transform::FirstOf => GraphTransform::FirstOf,
        Transform::Lowercase => GraphTransform::Lowercase,
        Transform::Addresses => GraphTransform::Addresses,
        Transform::StripGuest => GraphTransform::StripGuest,
    }
}

pub(super) const fn scope(scope: GraphScope) -> PullScope {
    match scope {
        GraphScope::All => PullScope::All,
        GraphScope::Assigned => PullScope::Assigned,
        GraphScope::Groups => PullScope::Groups,
    }
}

pub(super) const fn scope_shown(scope: PullScope) -> GraphScope {
    match scope {
        PullScope::All => GraphScope::All,
        PullScope::Assigned => GraphScope::Assigned,
        PullScope::Groups => GraphScope::Groups,
    }
}

pub(super) const fn guests(guests: GraphGuests) -> Guests {
    match guests {
        GraphGuests::Take => Guests::Take,
        GraphGuests::Skip => Guests::Skip,
    }
}

pub(super) const fn guests_shown(guests: Guests) -> GraphGuests {
    match guests {
        Guests::Take => GraphGuests::Take,
        Guests::Skip => GraphGuests::Skip,
    }
}

pub(super) const fn cloud(cloud: GraphCloud) -> Cloud {
    match cloud {
        GraphCloud::Global => Cloud::Global,
        GraphCloud::UsGovernment => Cloud::UsGovernment,
        GraphCloud::UsDefense => Cloud::UsDefense,
        GraphCloud::China => Cloud::China,
    }
}

pub(super) const fn cloud_shown(cloud: Cloud) -> GraphCloud {
    match cloud {
        Cloud::Global => GraphCloud::Global,
        Cloud::UsGovernment => GraphCloud::UsGovernment,
        Cloud::UsDefense => GraphCloud::UsDefense,
        Cloud::China => GraphCloud::China,
    }
}

/// The names of permissions.
pub(super) fn names(permissions: &[Permission]) -> Vec<String> {
    let names = permissions.iter().map(|permission| permission.as_str().to_owned());
    names.collect()
}
