//! The codes, what they mean, and where they are mended.

/// A step of a set-up guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetupStep {
    /// Registering the application: its ids.
    Register,
    /// Entering the redirect URIs.
    RedirectUris,
    /// Making the secret or uploading the certificate.
    Credential,
    /// Adding claims to the tokens.
    TokenConfiguration,
    /// Granting the permissions.
    Consent,
    /// Assigning people and groups.
    Assignment,
    /// The tenant's own rules about signing in.
    ConditionalAccess,
}

impl SetupStep {
    /// Each of them, in the order of the guide.
    pub const ALL: [Self; 7] = [
        Self::Register,
        Self::RedirectUris,
        Self::Credential,
        Self::TokenConfiguration,
        Self::Consent,
        Self::Assignment,
        Self::ConditionalAccess,
    ];

    /// Its name in links.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::RedirectUris => "redirect-uris",
            Self::Credential => "credential",
            Self::TokenConfiguration => "token-configuration",
            Self::Consent => "consent",
            Self::Assignment => "assignment",
            Self::ConditionalAccess => "conditional-access",
        }
    }
}

/// Lists the kinds once, with everything that is said of each: its name, its codes, the step, the meaning. The codes are
/// those of Microsoft's list (https://learn.microsoft.com/entra/identity-platform/reference-error-codes), and some that
/// people report and the list lacks.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:literal [$($code:literal),*] $step:expr, $meaning:literal;)*) => {
        /// What a code of Entra ID means.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EntraErrorKind {
            $($(#[doc = $doc])+ $kind,)*
            /// A code that is not listed here.
            Unknown,
        }

        impl EntraErrorKind {
            /// Each of them with its codes.
            pub const CODES: &[(Self, &[u32])] = &[$((Self::$kind, &[$($code),*])),*];

            /// A name of the kind that stays the same.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                    Self::Unknown => "unknown",
                }
            }

            /// What it means and how to mend it, for an administrator.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$kind => $meaning,)*
                    Self::Unknown => "Entra ID refused with a code that has no explanation here; search for the code in \
                        Microsoft's documentation.",
                }
            }

            /// The step of the set-up guide that mends it; `None` when the set-up is not at fault.
            #[must_use]
            pub const fn step(self) -> Option<SetupStep> {
                match self {
                    $(Self::$kind => $step,)*
                    Self::Unknown => None,
                }
            }
        }
    };
}

kinds! {
    /// Nobody has consented to the permissions.
    ConsentMissing "consent_missing" [65001, 500_011, 650_056, 650_057, 65005, 90008, 90099] Some(SetupStep::Consent),
        "Nobody has consented to the application's permissions in this tenant, so an administrator must grant them.";
    /// Only an administrator can consent.
    AdminConsentRequired "admin_consent_required" [90094, 90095, 650_052] Some(SetupStep::Consent),
        "People of this tenant may not consent themselves, so an administrator must grant the application's permissions.";
    /// The redirect URI is not registered.
    RedirectUriUnknown "redirect_uri_unknown" [50011, 500_112, 500_113, 70004, 900_971] Some(SetupStep::RedirectUris),
        "The redirect URI is not among those of the application; copy it character by character, under the platform Web.";
    /// The redirect URI is registered for another platform.
    RedirectUriPlatform "redirect_uri_platform" [9_002_325, 9_002_326, 9_002_327] Some(SetupStep::RedirectUris),
        "The redirect URI is registered for single-page applications or for clients without a secret; move it to the platform Web.";
    /// The secret is wrong.
    SecretWrong "secret_wrong" [7_000_215, 70002] Some(SetupStep::Credential),
        "The client secret is wrong; the portal shows its value and its ID side by side, and only the value is the secret.";
    /// The secret has expired.
    SecretExpired "secret_expired" [7_000_222] Some(SetupStep::Credential),
        "The client secret has expired; make a new one and enter its value.";
    /// The certificate is not registered.
    CertificateUnknown "certificate_unknown" [700_027, 700_030, 50012] Some(SetupStep::Credential),
        "The certificate is not among those of the application; upload it and compare the thumbprint.";
    /// No credential was sent.
    CredentialMissing "credential_missing" [7_000_218, 7_000_216] Some(SetupStep::Credential),
        "The application needs a client secret or a certificate, and none was sent; enter one.";
    /// A credential was sent for a public client.
    CredentialUnwanted "credential_unwanted" [700_025] Some(SetupStep::RedirectUris),
        "The redirect URI belongs to a client without credentials; register it under the platform Web.";
    /// The application is not in the tenant.
    ApplicationUnknown "application_unknown" [700_016, 700_011] Some(SetupStep::Register),
        "There is no application with this ID in this tenant; compare the application (client) ID and the directory (tenant) ID.";
    /// The application is switched off.
    ApplicationDisabled "application_disabled" [7_000_112, 70001] Some(SetupStep::Register),
        "The application is switched off in this tenant; an administrator can enable it under Enterprise applications.";
    /// The tenant is not known.
    TenantUnknown "tenant_unknown" [90002, 900_021, 900_023, 90019, 50059, 50128] Some(SetupStep::Register),
        "There is no tenant with this ID or domain in this cloud; compare the directory (tenant) ID.";
    /// The application takes people of other tenants only, or of its own only.
    AudienceOfApplication "audience_of_application" [50194, 700_005] Some(SetupStep::Register),
        "The request went to another tenant than the application's own; use the directory (tenant) ID of the application.";
    /// The tenant is in another cloud.
    WrongCloud "wrong_cloud" [90038, 90051, 900_382, 900_432] Some(SetupStep::Register),
        "The tenant belongs to another of Microsoft's clouds; enter its URL with the sign-in host of that cloud.";
    /// The application maps claims and has no key for it.
    SigningKeyMissing "signing_key_missing" [50146, 501_461] Some(SetupStep::TokenConfiguration),
        "The application maps claims, for which it needs a signing key of its own or the setting acceptMappedClaims.";
    /// The request lacks something.
    RequestMalformed "request_malformed" [
        9_002_313, 900_144, 90004, 90014, 90023, 90056, 900_561, 90100, 901_002, 9_001_023, 50147, 501_491, 70003, 70005,
        70007, 70011, 700_054
    ] None,
        "Entra ID could not read the request; this is a fault of this service and not of the set-up.";
    /// The person is not assigned.
    NotAssigned "not_assigned" [50105] Some(SetupStep::Assignment),
        "The application takes only people who are assigned to it, and this one is not; assign the person or a group.";
    /// The person is not in the tenant.
    NotInTenant "not_in_tenant" [50020, 16000, 16003, 50014, 90072, 500_208] Some(SetupStep::Assignment),
        "The person signed in with an account of another tenant; choose an account of this one, or invite the person as a guest.";
    /// There is no such account.
    AccountUnknown "account_unknown" [50034, 51004] Some(SetupStep::Assignment),
        "There is no such account in this tenant.";
    /// The account is switched off.
    AccountDisabled "account_disabled" [50057] None,
        "The account is switched off in Entra ID.";
    /// The password is wrong, has expired or must be changed.
    PasswordRefused "password_refused" [50126, 50053, 50055, 50056, 50064, 50144] None,
        "Entra ID does not take the password: it is wrong, expired or locked.";
    /// A rule of the tenant forbids it.
    ConditionalAccess "conditional_access" [
        53000, 53001, 53002, 53003, 53004, 53011, 530_003, 530_032, 530_035, 50005, 50097, 50131, 50155
    ] Some(SetupStep::ConditionalAccess),
        "A conditional access policy of the tenant forbids this sign-in; its sign-in log says which policy.";
    /// Two organizations have not agreed on their people.
    CrossTenantForbidden "cross_tenant_forbidden" [50002, 500_021, 500_022, 500_212, 500_213]
        Some(SetupStep::ConditionalAccess),
        "The cross-tenant settings of this tenant, or of the person's own, forbid this sign-in.";
    /// More is asked of the person.
    InteractionRequired "interaction_required" [
        50058, 50072, 50074, 50076, 50078, 50079, 50125, 50127, 50129, 50140, 50158, 50168, 50199
    ] None,
        "Entra ID wants the person to do something, such as a second factor; sign in again with its page shown.";
    /// The code is used up.
    CodeSpent "code_spent" [70008, 54005, 70000, 700_082, 50089, 50173] None,
        "The authorization code has expired or was redeemed before; sign in again.";
    /// The verifier is not that of the challenge.
    VerifierWrong "verifier_wrong" [501_481] None,
        "The code verifier does not belong to the authorization request; sign in again.";
    /// The assertion is outside its time.
    AssertionTime "assertion_time" [700_024, 500_133] None,
        "The assertion is outside its time; the clock of this server may be wrong.";
    /// The person said no.
    Declined "declined" [65004] Some(SetupStep::Consent),
        "The person did not consent to the application's permissions; an administrator can consent for everybody.";
    /// It may work later.
    Transient "transient" [
        90006, 90012, 90024, 90033, 90055, 90090, 90091, 50000, 50033, 50087, 50088, 50196
    ] None,
        "Entra ID cannot answer at the moment; try again later.";
}

impl EntraErrorKind {
    /// The kind of a code.
    #[must_use]
    pub fn of(code: u32) -> Self {
        let found = Self::CODES.iter().find(|(_, codes)| codes.contains(&code));
        found.map_or(Self::Unknown, |(kind, _)| *kind)
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Transient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_code_has_one_kind_and_a_kind_one_name_and_one_plain_sentence() {
        let mut codes = HashSet::new();
        let mut names = HashSet::new();
        for (kind, listed) in EntraErrorKind::CODES {
            assert!(!listed.is_empty() && names.insert(kind.as_str()), "{kind:?}");
            assert!(
                kind.meaning().ends_with('.') && !kind.meaning().contains("  "),
                "{kind:?}"
            );
            for code in *listed {
                assert!(codes.insert(code), "{code} comes twice");
                assert_eq!(EntraErrorKind::of(*code), *kind);
            }
        }
        assert_eq!(EntraErrorKind::of(1), EntraErrorKind::Unknown);
    }

    #[test]
    fn what_administrators_meet_most_leads_to_the_step_that_mends_it() {
        for (code, step) in [
            (65001, "consent"),
            (90094, "consent"),
            (50011, "redirect-uris"),
            (9_002_325, "redirect-uris"),
            (7_000_215, "credential"),
            (7_000_222, "credential"),
            (700_027, "credential"),
            (700_016, "register"),
            (90002, "register"),
            (700_005, "register"),
            (50105, "assignment"),
            (50020, "assignment"),
            (16000, "assignment"),
            (16003, "assignment"),
            (50034, "assignment"),
            (53003, "conditional-access"),
            (530_032, "conditional-access"),
        ] {
            assert_eq!(
                EntraErrorKind::of(code).step().map(SetupStep::as_str),
                Some(step),
                "{code}"
            );
        }
        for code in [9_002_313, 900_144, 70008, 54005] {
            let kind = EntraErrorKind::of(code);
            assert!(kind != EntraErrorKind::Unknown && kind.step().is_none(), "{code}");
        }
    }
}
