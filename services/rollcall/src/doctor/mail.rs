//! Whether the mail server can be reached, greets and lets Rollcall in. No mail is sent.

use super::findings::Findings;
use ::mail::{Failure, Mailer, ServerUrl};
use runtime::Settings;
use secrecy::ExposeSecret as _;

/// Looks at the mail server; says nothing where there is none.
pub(super) async fn look(settings: &Settings, findings: &mut Findings) {
    let (Some(url), Some(from)) = (&settings.smtp_url, &settings.mail_from) else {
        return;
    };
    let Ok(server) = url.expose_secret().parse::<ServerUrl>() else {
        return findings.fail("mail", "the URL of the server cannot be read", "set ROLLCALL_SMTP_URL");
    };
    let address = server.address();
    let probed = match Mailer::new(&server, from) {
        Ok(mailer) => mailer.probe().await,
        Err(problem) => return findings.fail("mail", problem.to_string(), "set what is named"),
    };
    match probed {
        Ok(()) if settings.mail_operators.is_empty() => findings.ok(
            "mail",
            format!("{address} greets ({}); only contacts are written to", server.protection()),
        ),
        Ok(()) => findings.ok("mail", format!("{address} greets ({})", server.protection())),
        // Mails wait for a busy server.
        Err(Failure::Later(reason)) if reason.contains(" 4") => findings.warn(
            "mail",
            format!("{address}: {reason}"),
            "wait; mails that are not taken are sent again for two days",
        ),
        Err(failure) => findings.fail(
            "mail",
            format!("{address}: {failure}"),
            "see that ROLLCALL_SMTP_URL names host, port, TLS, user and password as the server wants them, and that firewalls let this machine \
             out; mails wait for two days",
        ),
    }
}
