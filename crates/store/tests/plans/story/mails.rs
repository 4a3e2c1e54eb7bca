//! What is told by mail, and how mails are sent.

use super::*;

pub(super) async fn mails(database: &TestDatabase, store: &Store) {
    const KINDS: [IncidentKind; 6] = [
        IncidentKind::EndpointFailing,
        IncidentKind::EndpointDisabled,
        IncidentKind::DirectorySilent,
        IncidentKind::DirectoryHeld,
        IncidentKind::QuarantineNear,
        IncidentKind::CredentialEnding,
    ];
    let (incidents, mails, digests) = (store.incidents(), store.mails(), store.digests());
    let mail = NewMail {
        queue: MailQueue::Organization(id(Kind::Organization, 0)),
        recipient: "a@b.example".to_owned(),
        content: "{}".to_owned(),
    };
    database.execute("UPDATE endpoints SET failing_since = 1").await;
    for kind in KINDS {
        let begun = incidents.begun(kind, now()).await.unwrap();
        let begun = begun.into_iter().map(|begun| (begun, vec![mail.clone()]));
        incidents.open(begun.collect(), now()).await.unwrap();
    }
    database.execute("UPDATE endpoints SET failing_since = NULL").await;
    for kind in KINDS {
        let over = incidents.over(kind, now()).await.unwrap();
        let over = over
            .into_iter()
            .map(|over| over.subject_id)
            .chain([id(Kind::Endpoint, 2)]);
        let over = over.map(|id| (id, vec![mail.clone()]));
        incidents.close(kind, over.collect(), now()).await.unwrap();
    }
    let organization = id(Kind::Organization, 0);
    assert_eq!(incidents.open_of(organization).await.unwrap().len(), 50);
    assert!(incidents.prune(now()).await.unwrap());
    let claimed = mails
        .claim(now(), now().plus(Duration::from_secs(60)), 5)
        .await
        .unwrap();
    assert_eq!(claimed.len(), 5);
    let outcomes: Vec<_> = claimed.into_iter().map(|mail| (mail, MailOutcome::Sent)).collect();
    mails.finish(&outcomes, now()).await.unwrap();
    assert!(mails.waiting().await.unwrap() > 20);
    assert!(mails.prune(now()).await.unwrap());
    let change = store.change(None).await.unwrap();
    let contacts = ["a@b.example".to_owned()];
    change
        .set_contacts(organization, &contacts, &contacts, now())
        .await
        .unwrap();
    change.commit().await.unwrap();
    let due = digests.due(now(), 20).await.unwrap();
    assert_eq!(due.len(), 1);
    digests
        .facts(organization, Timestamp::from_millis(1), now())
        .await
        .unwrap();
    let tomorrow = now().plus(Duration::from_hours(24));
    digests.finish(&due[0], tomorrow, vec![mail], now()).await.unwrap();
}
