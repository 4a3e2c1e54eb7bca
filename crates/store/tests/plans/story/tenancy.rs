//! What the management API does with organizations, directories, keys and endpoints.

use super::*;

pub(super) async fn tenants(store: &Store) {
    let (key, client, admin): (KeyId, KeyId, AdminKeyId) =
        (id(Kind::Key, 7), id(Kind::Client, 7), id(Kind::AdminKey, 7));
    assert!(store.find_directory_key(key).await.unwrap().is_some());
    assert!(store.find_oauth_client(client).await.unwrap().is_some());
    let admin = store.admin_keys().by_id(admin).await.unwrap().unwrap();
    store.admin_keys().note_use(&admin, now()).await.unwrap();
    let used = KeyUse {
        key_id: key,
        directory_id: big(),
        at: now(),
        error: None,
    };
    store.directories().note_use(&[used]).await.unwrap();
    let refusal = AuthenticationFailure {
        directory_id: big(),
        at: now(),
        reason: "test".to_owned(),
    };
    store.directories().note_refusals(&[refusal]).await.unwrap();
    store.directories().last_refusal(big()).await.unwrap().unwrap();
    let (organizations, directories) = (store.organizations(), store.directories());
    let domain: Domain = "d7.example".parse().unwrap();
    organizations.by_id(id(Kind::Organization, 7)).await.unwrap().unwrap();
    organizations.by_domain(&domain).await.unwrap().unwrap();
    organizations.missing(&[id(Kind::Organization, 7)]).await.unwrap();
    assert!(!organizations.is_empty().await.unwrap());
    directories.by_id(big()).await.unwrap().unwrap();
    directories.by_domain(&domain).await.unwrap().unwrap();
    directories.missing(&[big()]).await.unwrap();
    let owner = id(Kind::Organization, 0);
    directories.missing_in(owner, &[big()]).await.unwrap();
    directories.counts(&[big(), small()]).await.unwrap();
    store.count_rows(&[small()]).await.unwrap();
    store.federation(big()).await.unwrap();
    two_pages!(|page: ListPage| async move { store.organizations().list(&page).await });
    for organization_id in [None, Some(id(Kind::Organization, 7))] {
        let filter = DirectoryFilter { organization_id };
        two_pages!(|page: ListPage| async move { store.directories().list(filter, &page).await });
    }
    for owner in [None, Some(id(Kind::Organization, 7))] {
        two_pages!(|page: ListPage| async move { store.admin_keys().list(owner, &page).await });
        two_pages!(|page: ListPage| async move { store.portal_links().list(owner, &page).await });
    }
    two_pages!(|page: ListPage| async move { store.directory_keys(big()).list(&page).await });
    two_pages!(|page: ListPage| async move { store.oauth_clients(big()).list(&page).await });
    store
        .directory_keys(big())
        .by_id(id(Kind::Key, 0))
        .await
        .unwrap()
        .unwrap();
    store.indexing().await.unwrap();
}

pub(super) async fn management(database: &TestDatabase, store: &Store) {
    // One of the people has data of an extension.
    let with_data =
        r#"UPDATE users SET resource = '{"userName":"u1000005","urn:acme":{"a":1}}' WHERE user_name_key = 'u1000005'"#;
    database.execute(with_data).await;
    let change = store.change(Some(0)).await.unwrap();
    change.claim_key("new", "hash", now()).await.unwrap();
    change.keep_answer("new", 200, "{}").await.unwrap();
    change.claim_key("i7", "hash", now()).await.unwrap();
    let organization = NewOrganization {
        id: OrganizationId::new(),
        name: "New".to_owned(),
        domains: vec!["new.example".parse().unwrap()],
        at: now(),
    };
    assert_eq!(change.create_organization(&organization).await.unwrap(), None);
    let domain: Domain = "other.example".parse().unwrap();
    let other = NewOrganization {
        id: OrganizationId::new(),
        domains: Vec::new(),
        ..organization.clone()
    };
    change.organization_of_domain(&other, &domain).await.unwrap();
    change.organization(organization.id).await.unwrap().unwrap();
    let new = NewDirectory {
        id: DirectoryId::new(),
        organization_id: organization.id,
        name: "New".to_owned(),
        provider: "entra_id".to_owned(),
        at: now(),
    };
    change.create_directory(&new, 0).await.unwrap();
    let mut directory = change.directory(small()).await.unwrap().unwrap();
    change.reindex(&mut directory, &["urn:acme"]).await.unwrap();
    change.save_directory(&directory).await.unwrap();
    change.forget_removals(&directory).await.unwrap();
    change.people_in(small(), &[group(SMALL)], 5_000).await.unwrap();
    change
        .append(0, vec![draft(EventType::DirectoryUpdated)])
        .await
        .unwrap();
    let record = KeyRecord {
        id: KeyId::new(),
        directory_id: big(),
        name: "new".to_owned(),
        description: None,
        sealed_token: None,
        expires_at: None,
        last_used_at: None,
        created_at: now(),
        replaces: None,
        replaced_by: None,
    };
    let token_hash: TokenDigest = [0; 32];
    let new_key = NewKey {
        record: record.clone(),
        token_hash,
    };
    change.create_key(&new_key).await.unwrap();
    let newer = NewKey {
        record: KeyRecord {
            id: KeyId::new(),
            replaces: Some(record.id),
            expires_at: Some(now()),
            ..record.clone()
        },
        token_hash,
    };
    change.create_key(&newer).await.unwrap();
    change.revoke_key(&newer.record, now()).await.unwrap();
    change.key(big(), record.id).await.unwrap().unwrap();
    change.save_key(&record, now()).await.unwrap();
    change.revoke_key(&record, now()).await.unwrap();
    let client = OauthClient {
        id: KeyId::new(),
        directory_id: big(),
        name: "new".to_owned(),
        expires_at: None,
        last_used_at: None,
        created_at: now(),
    };
    change.create_oauth_client(&client, &token_hash).await.unwrap();
    change.oauth_client(big(), client.id).await.unwrap().unwrap();
    change.revoke_oauth_client(&client, now()).await.unwrap();
    let federation = Federation {
        directory_id: big(),
        tenant_id: uuid::Uuid::nil(),
        audience: "a".to_owned(),
        subject: "s".to_owned(),
        created_at: now(),
        updated_at: now(),
    };
    change.save_federation(&federation).await.unwrap();
    change.federation(big()).await.unwrap().unwrap();
    change.delete_federation(big()).await.unwrap();
    let admin = AdminKey {
        id: AdminKeyId::new(),
        name: "new".to_owned(),
        token_hash,
        scopes: AdminScope::WIDEST.to_vec(),
        organization_id: Some(organization.id),
        expires_at: None,
        created_at: now(),
        last_used_at: None,
    };
    change.create_admin_key(&admin).await.unwrap();
    change.admin_key(admin.id).await.unwrap().unwrap();
    change.delete_admin_key(admin.id).await.unwrap();
    change.commit().await.unwrap();
    // A directory with nothing in it: what goes with it is looked for in all tables.
    let change = store.change(Some(0)).await.unwrap();
    change.delete_directory(new.id).await.unwrap();
    change.commit().await.unwrap();
    let change = store.change(None).await.unwrap();
    let own = change.held_organization(organization.id).await.unwrap().unwrap().id;
    change.rename_organization(own, "Newer", now()).await.unwrap();
    let domains = ["newer.example".parse().unwrap()];
    assert_eq!(change.replace_domains(own, &domains).await.unwrap(), None);
    change.verify_domain(own, &domains[0], now()).await.unwrap();
    assert_eq!(change.verified_domains(own).await.unwrap(), ["newer.example"]);
    assert!(change.some_directories(own, 5).await.unwrap().is_empty());
    let link = PortalLink {
        id: PortalLinkId::new(),
        organization_id: own,
        directory_id: None,
        features: PortalFeature::ALL.to_vec(),
        capabilities: PortalCapability::ALL.to_vec(),
        return_url: None,
        brand: None,
        token_hash,
        expires_at: now(),
        created_at: now(),
    };
    change.create_portal_link(&link, None).await.unwrap();
    change.portal_link(link.id).await.unwrap().unwrap();
    change.delete_portal_link(link.id).await.unwrap();
    change.delete_organization(own).await.unwrap();
    change.commit().await.unwrap();
    store.portal_links().by_id(id(Kind::Link, 7)).await.unwrap().unwrap();
    assert_eq!(store.portal_links().logo(id(Kind::Link, 7)).await.unwrap(), None);
}

pub(super) async fn credentials(store: &Store) {
    let organization_id = Some(id(Kind::Organization, 1));
    for (organization_id, directory_id) in [
        (None, None),
        (organization_id, None),
        (None, Some(small())),
        (organization_id, Some(small())),
    ] {
        for (kinds, ends_before) in [
            (CredentialKind::ALL.to_vec(), None),
            (vec![CredentialKind::OauthClient], Some(now())),
        ] {
            let filter = CredentialFilter {
                organization_id,
                directory_id,
                kinds,
                ends_before,
            };
            let filter = &filter;
            two_pages!(|page: ListPage| async move { store.credential_ends().list(filter, &page).await });
        }
    }
    let some = [KeyRecord {
        id: id(Kind::Key, 7),
        directory_id: big(),
        name: "k".to_owned(),
        description: None,
        sealed_token: None,
        expires_at: None,
        last_used_at: None,
        created_at: now(),
        replaces: Some(id(Kind::Key, 8)),
        replaced_by: None,
    }];
    store.directory_keys(big()).others(&some).await.unwrap();
    store.forget_previous_secrets(now()).await.unwrap();
    assert!(
        !store
            .announce_endings(now().plus(Duration::from_millis(50)), 1)
            .await
            .unwrap()
    );
}

pub(super) async fn portal_sessions(store: &Store) {
    let sessions = store.portal_sessions();
    let session = NewPortalSession {
        id: PortalSessionId::new(),
        kind: SessionKind::Console,
        token_hash: [7; 32],
        opener: SessionOpener::Configured([8; 32]),
        created_at: now(),
        expires_at: now().plus(Duration::from_secs(60)),
    };
    sessions.open(&session).await.unwrap();
    let found = sessions.by_id(session.id).await.unwrap().unwrap();
    sessions
        .note_use(&found, now().plus(Duration::from_secs(90)))
        .await
        .unwrap();
    assert!(
        !sessions
            .forget_expired(now().plus(Duration::from_secs(90)))
            .await
            .unwrap()
    );
    assert!(!sessions.end(session.id).await.unwrap(), "it was forgotten");
}
