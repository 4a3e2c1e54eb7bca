### What the portal says, in English. A translation is a copy of this file with other words, named after its language.
###
### In a message, { $name } is put in by the page, and <strong>, <b>, <code>, <hidden> (only heard, not seen) and <quiet>
### stand for elements. Any other tag, such as <a>, is a link whose address the page knows. All of them may stand elsewhere
### in a translation. A number that is put in may choose the words: see common-days. Its thousands
### are apart, unless it is said otherwise: NUMBER($people, useGrouping: "false"). What Entra and others call their own
### pages and fields is said as they say it in that language.

## The frame of every page

frame-skip = Skip to the content
frame-main = Main
frame-way = Way to this page
frame-search-label = Search people, groups, organizations, endpoints, ids
frame-search = Search
frame-log-out = Log out
frame-copied = Copied
nav-overview = Overview
nav-organizations = Organizations
nav-directories = Directories
nav-endpoints = Endpoints
nav-single-sign-on = Single sign-on
nav-events = Events
nav-credentials = Credentials
nav-dead-letters = Dead letters
nav-audit-log = Audit log
nav-admin-keys = Admin keys
nav-operations = Operations
nav-help = Help
nav-guides = Guides
nav-api-reference = API reference
brand-back = Back to { $name }

## Numbers and times

time-seconds-ago = { $number ->
    [one] { $number } second ago
   *[other] { $number } seconds ago
}
time-in-seconds = { $number ->
    [one] in { $number } second
   *[other] in { $number } seconds
}
time-minutes-ago = { $number ->
    [one] { $number } minute ago
   *[other] { $number } minutes ago
}
time-in-minutes = { $number ->
    [one] in { $number } minute
   *[other] in { $number } minutes
}
time-hours-ago = { $number ->
    [one] { $number } hour ago
   *[other] { $number } hours ago
}
time-in-hours = { $number ->
    [one] in { $number } hour
   *[other] in { $number } hours
}
time-days-ago = { $number ->
    [one] { $number } day ago
   *[other] { $number } days ago
}
time-in-days = { $number ->
    [one] in { $number } day
   *[other] in { $number } days
}
time-months-ago = { $number ->
    [one] { $number } month ago
   *[other] { $number } months ago
}
time-in-months = { $number ->
    [one] in { $number } month
   *[other] in { $number } months
}
time-years-ago = { $number ->
    [one] { $number } year ago
   *[other] { $number } years ago
}
time-in-years = { $number ->
    [one] in { $number } year
   *[other] in { $number } years
}
time-just-now = just now
time-now = now
time-absolute = { $day } { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
} { $year }, { $clock } UTC
# What stands between the thousands of a number. A space is written {" "}.
number-thousands = ,
# What stands before the part of a number that is not whole.
number-decimal = {"."}

## What several pages say

# The state of a directory.
health-active = Active
health-waiting = Waiting
health-tested = Tested
health-silent = Silent
health-failing = Failing
health-held = Held
health-paused = Paused
# The button beside a value that is copied as a whole.
copy-button = Copy<hidden> { $label }</hidden>
pages-label = Pages
pages-next-button = Next page
common-state-label = State
common-figures-label = Figures
common-people-figure = People
common-people-active = { $people } active
common-groups-figure = Groups
common-milliseconds = { $number } ms
common-search-button = Search
common-column-name = Name
common-column-kind = Kind
common-name-label = Name
common-create-button = Create
common-cancel-button = Cancel
common-column-state = State
common-column-people = People
common-never = never
common-column-endpoint = Endpoint
common-off-pill = Off
common-failing-pill = Failing
common-on-pill = On
common-column-ends = Ends
common-any-directory-option = A new one, or any of them
# For how long a link is good; common-days comes after it.
common-good-label = Good for
common-days = { $days ->
    [one] { $days } day
   *[other] { $days } days
}
common-make-link-button = Make the link
common-save-button = Save
common-tenant-url-field = Tenant URL
common-secret-token-field = Secret token
common-column-changed = Changed
common-seconds = { $number } s
common-column-answer = Answer
common-column-when = When
common-trace-fact = Trace
common-column-person = Person
common-column-event = Event
common-show-button = Show
common-events-label = Events
common-column-key = Key
common-column-last-used = Last used
common-may-not-change = Your key may look at this directory and not change it.
common-event-types-label = Event types
common-filter-label = Filter

## A page that cannot be shown

fault-missing-title = There is no such page
fault-missing-lead = It may have been deleted, or it belongs to somebody else. Look for it from the overview.
fault-not-allowed-title = That is not allowed
fault-foreign-form-lead = The form came from another site, or the browser did not say where from. Open the page again and send the form from there.
fault-too-many-title = Too many requests
fault-unavailable-title = Not at the moment
fault-unavailable-lead = The database or the bus is away. Nothing was changed; try again in a moment.
fault-refused-title = That did not work
fault-bad-form-lead = The request cannot be read. Open the page again and send the form from there.
fault-broken-title = Something went wrong here
fault-broken-lead = It is in the log of the service, with the trace of this request. Nothing was changed.
fault-overview-button = Go to the overview
fault-not-allowed-lead = Your key or link does not allow it. Ask whoever gave it to you.
fault-title = There is no page to show

## Logging in

login-title = Log in to the console
login-key-label = Admin key
login-key-hint = It begins with rca_. The first start printed one; “rollcall keys create --name <name>” makes another.
login-realm-button = Log in with { $connection }
login-person-heading = With the account that you have at work
login-other-person-heading = With another account
login-person-label = E-mail address
login-person-hint = Your company’s own page to log in opens.
login-person-button = Continue
login-key-heading = With an admin key
login-error-unknown-person = Nobody with this address can log in here in this way. Check how it is spelled, or use an admin key.
login-error-too-many = Too many people log in at this moment. Try again in a few seconds.
login-going-title = On to your company’s page to log in
login-going-button = Continue
sign-on-refused-title = You were not let in
sign-on-refused-foreign = This login cannot go on: it was finished before, took too long, or began in another browser. Log in again.
sign-on-refused-not-admitted = You are who you say, but your account is not among those that may enter this console. Ask whoever runs it.
sign-on-refused-upstream = Logging in by your company did not succeed. Ask whoever runs this console, and tell them what stands below.
sign-on-refused-button = Back to the login
login-button = Log in
login-how-long = You are logged in for twelve hours, or until you log out. The session ends with the key, or when your account may enter no more.
login-page-title = Log in
login-notice-code = This link was used before, or is too old. Log in with an admin key, or make a new link.
login-notice-out = You are logged out.
login-error-no-key = Enter an admin key. It begins with rca_.
login-error-unknown-key = This is not an admin key, or one that has expired.
login-error-scope = This key may not read. The console needs a key with the scope read.

## A link that is not open

closed-title = Open the link that you were sent
closed-apps-needs-link = This page needs a link from the company whose events your app receives. It may have ended, or it was revoked, or you were away for two hours: open the link again.
closed-apps-no-longer-works = If it no longer works, ask whoever gave it to you for a new one. Your endpoints stay as they are.
closed-setup-needs-link = This page needs a link from the company whose product you connect. It may have ended, or it was revoked, or you were away for two hours: open the link in the mail again.
closed-setup-no-longer-works = If it no longer works, ask whoever sent it for a new one. Nothing that you set up is lost.
closed-page-title = Open your link

## Overview

overview-title = Overview
overview-empty-title = Connect the first directory
overview-empty-text = A directory is what one identity provider, such as Microsoft Entra ID, sends its people and groups to. Create one, and paste its address and token there.
overview-empty-button = Create a directory
overview-calm-title = Nothing needs attention.
overview-calm-text = Directories are synced, endpoints take their events, and nothing ends within 30 days.
overview-attention-heading = Needs attention
overview-attention-broken = broken
overview-attention-soon = soon
overview-attention-more = And { NUMBER($number, useGrouping: "false") } more.
overview-samples-title = Nobody is here yet
overview-samples-text = See how things go before anything is connected: 20 sample people come to <a>{ $directory }</a> as an identity provider would send them, and are removed again with one click.
overview-samples-button = Send 20 sample people
overview-directories-figure = Directories
overview-directories-active = { $directories } active
overview-endpoints-figure = Endpoints
overview-endpoints-on = { $endpoints } on
overview-now-label = Now
overview-latency-figure = From change to webhook
overview-latency = half are faster; 99 of 100 within { $p99 } ms
overview-latency-none = nothing was sent in the last five minutes
overview-waiting-figure = Waiting deliveries
overview-waiting-oldest = the oldest since { $when }
overview-waiting-none-due = none is due
overview-waiting-held = { $held } held
overview-lanes-heading = Lanes
overview-lanes-taken = { $lanes } taken
overview-lanes-none = No projector has taken a lane yet. Every change of a directory goes through the one lane that the directory has; a projector takes the lanes when its first change comes.
overview-lanes-caption = Projectors and their lanes
overview-column-projector = Projector
overview-column-lanes = Lanes
overview-requests-figure = Requests in a minute
overview-requests-chart-label = Requests in each of the last 60 minutes: { NUMBER($hour, useGrouping: "false") } in all, { NUMBER($last, useGrouping: "false") } in the last whole minute
overview-events-figure = Events in a minute
overview-events-chart-label = Events in each of the last 60 minutes: { NUMBER($hour, useGrouping: "false") } in all, { NUMBER($last, useGrouping: "false") } in the last whole minute
overview-deliveries-figure = Deliveries in a minute
overview-deliveries-chart-label = Deliveries in each of the last 60 minutes: { NUMBER($hour, useGrouping: "false") } in all, { NUMBER($last, useGrouping: "false") } in the last whole minute
overview-endpoint-off = The endpoint is off: { $reason }. Its events are held.
overview-endpoint-off-by-operator = The endpoint is off: an operator switched it off. Its events are held.
overview-endpoint-off-remedy = Mend the receiver, then switch the endpoint on again.
overview-endpoint-failing = The endpoint has taken nothing since { $since }.
overview-endpoint-failing-remedy = Open the last attempt: it shows what the receiver answered.
overview-credential-ended = The credential ended { $when }.
overview-credential-ends = The credential ends { $when }.
overview-credential-remedy = Make a new one before it ends, and take the old one away when the new one was seen.
overview-dead-letters = There are { $number } messages that could not be processed.
overview-more-dead-letters = There are more than { $number } messages that could not be processed.
overview-dead-letters-remedy = Read why, then send them again or discard them.

## Search

search-title = Search
search-lead-partial = For “{ $search }”, in the first 20 directories, 100 organizations and 100 endpoints.
search-lead = For “{ $search }”.
search-q-label = Name, e-mail address, domain, address or id
search-empty-title = Look for something
search-none-title = Nothing is like that
search-empty-text = Type a part of a name, or the id of a directory, organization, endpoint, delivery, event or trace to get to its page at once.
search-results-label = Results
search-kind-organization = Organization
search-kind-directory = Directory
search-kind-endpoint = Endpoint
search-kind-person = Person
search-kind-group = Group

## Organizations

organizations-title = Organizations
organizations-new-button = New organization
organizations-empty-title = No organization yet
organizations-empty-text = An organization is a customer company, with its domains, directories and endpoints. Creating a directory for a domain, such as contoso.com, makes one by itself.
organizations-list-label = Organizations
organizations-column-domains = Domains
organizations-column-verified = Verified
organizations-column-created = Created
organizations-verified-pill = Verified
organizations-verified-of = { $verified } of { $domains }

## New organization

organization-new-title = New organization
organization-new-domains-label = Domains
organization-new-domains-hint = The domains of the company, separated by commas: contoso.com, contoso.de
organization-new-name-hint = What people call it. The first domain, where nothing is said.

## An organization

organization-created = Created { $when } · <code>{ $id }</code>
organization-directories-new-button = New directory
organization-invite-button = Invite IT admin
organization-link-made-label = New link
organization-link-for-apps = <strong>Give this link to the team of the app.</strong> It is shown once. Whoever has it can look after the endpoints, without an account, until it ends { $when }.
organization-link-for-setup = <strong>Send this link to the IT administrator.</strong> It is shown once. Whoever has it can set up what it is for, without an account, until it ends { $when }.
organization-link-made-field = Link
organization-check-verified = { $domain }: verified
organization-check-not-verified = { $domain }: not verified yet
organization-check-record = Add this record at the DNS provider of { $domain }, and check again.
organization-record-type-fact = Type
organization-record-name-field = Name
organization-record-value-field = Value
organization-directories-heading = Directories
organization-no-directory = No directory yet. A directory is what one identity provider sends its people and groups to.
organization-column-last-contact = Last contact
organization-domains-heading = Domains
organization-column-domain = Domain
organization-column-verification = Verification
organization-verified-pill = Verified
organization-not-verified-pill = Not verified
organization-check-dns-button = Check the DNS<hidden> of { $domain }</hidden>
organization-connections-heading = Single sign-on
organization-connections-new-link = New connection
organization-no-connection = None. With a connection its people log in to your apps with the account that they have at work.
organization-endpoints-heading = Endpoints that are sent its events
organization-no-endpoint = None. An endpoint is the address of an app that is told of every change.
organization-links-heading = Links for IT administrators and teams of apps
organization-links-new-link = New link
organization-no-link = None. A link lets an IT administrator of the company connect the identity provider, or the team of an app look after its endpoints, without an account here.
organization-column-made = Made
organization-column-for = For
organization-column-revoke = Revoke
organization-link-endpoints = endpoints:
organization-link-both = provisioning and single sign-on:
organization-link-sync = provisioning:
organization-link-sign-on = single sign-on:
organization-link-one-directory = one directory
organization-link-all-directories = all directories
organization-revoke-link-button = Revoke<hidden> the link { $id }</hidden>
organization-invite-heading = Invite an IT administrator
organization-directory-id-label = Directory
organization-more-choices-link = More choices: in your name, or for the team of an app
organization-settings-heading = Name, domains and contacts
organization-domains-label = Domains
organization-domains-hint = Separated by commas. A domain that is taken away is no longer verified.
organization-contacts-label = Contacts
organization-contacts-hint = E-mail addresses, separated by commas. They are told once when a directory is silent or held, an endpoint fails, or a credential ends.
organization-digest-contacts-label = Daily digest to
organization-digest-contacts-hint = E-mail addresses, separated by commas.
organization-delete-heading = Delete this organization
organization-delete-text = Its directories must be deleted first. Nothing of it comes back.
organization-confirm-label = Type its name to confirm
organization-delete-button = Delete { $organization }
organization-confirm-error = Type the name of the organization as it is written here.

## New link

link-new-title = New link for { $organization }
link-new-lead = Whoever has a link may do what it opens, without an account, until it ends.
link-new-features-label = Who is it for?
link-new-for-setup-label = An IT administrator
link-new-for-setup-hint = Connects the identity provider, and looks after what it syncs.
link-new-for-apps-label = The team of an app
link-new-for-apps-hint = Sees the endpoints of this organization alone, and what was sent to them.
link-new-setup-features-label = What an IT administrator sets up
link-new-feature-directory-sync = provisioning: people and groups of the directory come here
link-new-feature-sso = single sign-on: people log in with the account that they have at work
link-new-directory-id-label = Directory, for an IT administrator
link-new-capabilities-label = What the team of an app may do
link-new-return-url-label = Where they go when done
link-new-return-url-hint = A page of your product: https://app.example/settings. It is linked from each page, and after the last step.
link-new-brand-name-label = Name at the top
link-new-brand-name-hint = That of your product, for example Hero SaaS. Rollcall, where nothing is said.
link-new-brand-colour-label = Colour
link-new-brand-colour-hint = As #rrggbb, with a name. What is written on it is black or white, whichever is read better.
link-new-brand-logo-url-label = Logo
link-new-brand-logo-url-hint = With a name: a PNG or an SVG as data:image/png;base64,… of at most 32 KiB. It is kept here: pages load nothing from elsewhere.
link-new-page-title = New link
link-new-capability-view = look at endpoints and deliveries; always
link-new-capability-reveal = see URLs and signing secrets
link-new-capability-manage = make, change, test and delete endpoints
link-new-capability-resend = send deliveries again, or give them up

## Directories

directories-title = Directories
directories-new-button = New directory
directories-empty-title = No directory yet
directories-empty-text = A directory is what one identity provider, such as Microsoft Entra ID, sends its people and groups to. Create one, and paste its address and token there.
directories-list-label = Directories
directories-column-groups = Groups
directories-column-last-contact = Last contact

## New directory

directory-new-title = New directory
directory-new-organization-label = Organization
directory-new-organization-hint = A domain of the company, such as contoso.com, or one of the organizations that there are. A domain that belongs to nobody makes a new organization.
directory-new-provider-label = Identity provider
directory-new-name-hint = What people call it. The identity provider, where nothing is said.
directory-made-label = New directory
directory-made-text = <strong>The directory is made.</strong> Paste these two into the identity provider. The token is shown once.
directory-made-guide-button = Continue to the guide
directory-made-open-button = Open the directory

## What all tabs of a directory have above them

directory-created = <a>Organization</a> · created { $when }
directory-connections-button = Single sign-on
directory-invite-button = Invite IT admin
directory-last-contact-figure = Last contact
directory-next-expected = next expected { $when }
directory-failures-figure = Failures as Entra counts them
directory-failures-of = { $failures } of { $operations }
directory-tabs-label = Directory
directory-tab-activity = Activity
directory-tab-setup = Setup
directory-tab-graph = Microsoft Graph
directory-tab-people = People
directory-tab-groups = Groups
directory-tab-events = Events
directory-tab-mapping = Mapping
directory-tab-preview = Preview
directory-tab-keys = Keys
directory-tab-settings = Settings
directory-tab-danger = Danger
# The title of the window.
directory-page-title = { $directory }: { $tab }

## A directory: Activity

activity-cycles-heading = Cycles
activity-no-cycle = None yet. The identity provider comes in cycles: a connection test, an initial one with everybody, then incremental ones with what changed.
activity-column-cycle = Cycle
activity-column-failures = Failures
activity-column-requests = Requests
activity-column-duration = Duration
activity-running-pill = Running
activity-cycle-changed = { NUMBER($people, useGrouping: "false") } people, { NUMBER($groups, useGrouping: "false") } groups
activity-no-failure = none
activity-requests-heading = Requests
activity-show-all-link = Show all
activity-status-label = Answer
activity-any-option = Any
activity-path-label = Path or query contains
activity-filter-button = Filter
activity-no-request-like-that = No request is like that.
activity-no-request = No request yet. Press Test connection in the identity provider; it appears here at once.
activity-column-request = Request
activity-column-time = Time
activity-left-out = { $attributes } left out
activity-cycle-connection-test = Connection test
activity-cycle-initial = Initial cycle
activity-cycle-incremental = Incremental cycle
activity-cycle-on-demand = On demand

## A request of an identity provider

request-answer-label = Answer
request-answered-type = Answered { $status } { $type } in { $ms } ms, { $when }
request-answered = Answered { $status } in { $ms } ms, { $when }
request-query-fact = Query
request-dialect-fact = Dialect
request-agent-fact = Sent by
request-left-out-fact = Left out
request-leniencies-heading = Taken although the standard does not allow it
request-request-heading = Request
request-no-body = It had no body.
request-cut = Only the beginning is kept.
request-answer-heading = Answer

## A directory: Setup

directory-setup-new-link-label = New link
directory-setup-new-link = <strong>Send this link to the IT administrator.</strong> It is shown once. Whoever has it can connect this directory, without an account, until it ends { $when }.
directory-setup-new-link-field = Link
directory-setup-people-link = People
directory-setup-events-link = Events
directory-setup-steps-heading = How far it is
directory-setup-column-step = Step
directory-setup-column-what-do = What to do
directory-setup-done-pill = Done
directory-setup-not-yet-pill = Not yet
directory-setup-paste-heading = What to paste where
directory-setup-guide-link = Read the guide
directory-setup-address = the tenant URL above
directory-setup-token-of-new-key = the token of a key: <keys>make one</keys>
directory-setup-token-of-key = the token of a key: <keys>see the keys</keys>
directory-setup-samples-heading = Sample people
directory-setup-samples-text = See how things go before anything is connected: 20 people who are none come as an identity provider would send them, over SCIM to the tenant URL. They are called <code>sample-01@sample.invalid</code> and so on. Apps are told of them; <a>a test receiver</a> shows what an app gets.
directory-setup-among-people-label = Although there are people in this directory
directory-setup-among-people-hint = Apps that follow it are told of the samples, too.
directory-setup-samples-button = Send 20 sample people
directory-setup-samples-remove-button = Remove the samples
directory-setup-invite-heading = Let an IT administrator do it
directory-setup-invite-text = A link opens a guide for this directory, one screen of the identity provider a step, without an account here.
directory-setup-any-provider = The identity provider
directory-setup-step-key = A key is made
directory-setup-step-key-hint = Make one on the tab Keys. Its token is shown once, to be pasted.
directory-setup-step-contact = The identity provider has come
directory-setup-step-contact-hint = Press Test connection there.
directory-setup-step-person = The first person is here
directory-setup-step-person-hint = Assign one person there, and provision on demand.
directory-setup-step-cycle = A cycle is done
directory-setup-step-cycle-hint = Switch provisioning on there. The first cycle sends everybody who is assigned.
directory-setup-samples-made = { $made } sample people were made.
directory-setup-samples-made-some = { $made } sample people were made. { $failed } were not. { $detail }
directory-setup-samples-removed = { $removed } sample people were removed.
directory-setup-samples-removed-some = { $removed } sample people were removed. { $failed } were not. { $detail }

## What identity providers call their pages and fields

# Where the fields are, what they are called, and what else it is good to know.
provider-entra-place = Enterprise apps → your application → Provisioning → New configuration
provider-entra-address = Tenant URL
provider-entra-token = Secret token
provider-entra-note = Press Test connection, and Create. Entra sends only who is assigned to the application.
provider-okta-place = Applications → your application → Provisioning → Integration
provider-okta-address = SCIM 2.0 Base Url
provider-okta-token = OAuth Bearer Token
provider-okta-note = Enable API integration, and below To App create, update and deactivate users.
provider-onelogin-place = Applications → your application → Configuration
provider-onelogin-address = SCIM Base URL
provider-onelogin-token = SCIM Bearer Token
provider-onelogin-note = Enable the API connection, and provisioning on the page Provisioning.
provider-jumpcloud-place = SSO Applications → your application → Identity Management
provider-jumpcloud-address = Base URL
provider-jumpcloud-token = Token Key
provider-jumpcloud-note = Choose SCIM 2.0, test the connection and activate it.
provider-ping-place = Integrations → Provisioning → your connection
provider-ping-address = SCIM Base URL
provider-ping-token = OAuth Access Token
provider-ping-note = Choose OAuth 2 Bearer Token as the authentication method, and userName as the unique identifier.
provider-google-place = Apps → Web and mobile apps → your application → Autoprovisioning
provider-google-address = Endpoint URL
provider-google-token = Access token
provider-google-note = Google provisions only to applications of its own catalogue that support it.
provider-any-place = your application with provisioning by SCIM 2.0
provider-any-address = Base URL or Tenant URL
provider-any-token = Bearer token
provider-any-note = The unique identifier is userName.

## A directory: People

users-q-label = Name, e-mail address, or a SCIM filter
users-empty-title = Nobody yet
users-none-title = Nobody is like that
users-empty-text = People appear here as soon as the identity provider sends them. Assign one person there and provision on demand to see it at once.
users-none-text = Look for a part of a name or of an e-mail address, or write a filter such as <code>active eq false</code>.
users-list-label = People
users-column-title = Title
users-column-role = Role
users-active-pill = Active
users-inactive-pill = Inactive

## A person

user-active-pill = Active
user-inactive-pill = Inactive
user-changed = { $user-name } · changed { $when }
user-as-of = This is what was known as of { $at }. <a>Show the present</a>
user-profile-heading = Profile
user-name-fact = User name
user-e-mail-fact = E-mail
user-title-fact = Title
user-department-fact = Department
user-role-fact = Role
user-may-use-fact = May use
user-external-id-fact = External id
user-id-fact = Id
user-groups-heading = Groups
user-no-group = None.
user-told-heading = Who was told what
user-events-link = Events
user-told-nobody = No endpoint was sent an event of those in the history here. An endpoint is told of what happens after it was made.
user-column-delivery = Delivery
user-column-taken = Taken
user-told-answered = answered { $status }
user-told-not-yet = not yet
user-raw-heading = As the identity provider sent it
user-history-label = History
user-history-heading = History
user-at-label = As of a number or a time
user-told-somebody-else = an endpoint of somebody else

## A directory: Groups

groups-q-label = Name, or a SCIM filter
groups-empty-title = No group yet
groups-none-title = No group is like that
groups-empty-text = Groups appear here as soon as the identity provider sends them. In Entra ID, enable “Provision Microsoft Entra ID Groups” and assign a group.
groups-none-text = Look for a part of a name, or write a filter such as <code>externalId eq "4b3c"</code>.
groups-list-label = Groups
groups-column-group = Group
groups-column-external-id = External id

## A group

group-changed = Group · changed { $when } · <code>{ $id }</code>
group-members-heading = Members
group-no-member = None.
group-kind-group = group within the group
group-kind-person = person
group-within-heading = Is a member of
group-within-none = No other group.
group-role-heading = Gives a role
group-role-link = Mapping
group-role-text = Direct members who have no role of their own get <b>{ $role }</b>, unless an earlier row of the table gives them another.
group-raw-heading = As the identity provider sent it
group-history-label = History
group-history-heading = History

## The history of a person or a group

history-by = by { $source }, number { $number }
history-answered = answered { $status }
history-trace = Trace <look><code>{ $trace }</code></look>, from <request>its request</request>

## A directory: Events

directory-events-types-label = Types
directory-events-person-label = Person: name, e-mail address or id
directory-events-show-all-link = Show all
directory-events-people-label = People
directory-events-column-user-name = User name
directory-events-of-person = Events of <person>{ $name }</person>, the memberships included.
directory-events-none-title = No event is like that
directory-events-empty-title = Nothing here yet
directory-events-none-text = Types are names such as <code>user.created</code>, or patterns such as <code>group.*</code>.
directory-events-empty-text = What happens from now on appears here by itself. Provision somebody in the identity provider to see it.
directory-events-column-about = About
directory-events-column-source = Source
directory-events-column-number = Number
directory-events-about-directory = the directory
directory-events-oldest-button = From the oldest on
directory-events-nobody = No person of this directory is like that.
directory-events-several = Several people are like that. Choose one.

## A directory: Mapping

mapping-normalized-heading = What apps see of everybody
mapping-sampled = seen at { $people } people of a sample
mapping-column-member = Member
mapping-column-comes-from = Comes from
mapping-column-seen = Seen
mapping-custom-heading = Custom attributes
mapping-custom-text = What is here is in <code>custom</code> of every person, under the name that you give it. A name has lower-case letters, digits and underscores. Clear a row to take it away.
mapping-column-scim-path = SCIM path
mapping-custom-name-label = Name of attribute { $index }
mapping-custom-path-label = Path of attribute { $index }
mapping-path-option = { NUMBER($people, useGrouping: "false") } people
mapping-custom-button = Save the attributes
mapping-suggestions-heading = Sent, and shown under no name of its own
mapping-suggestions-none = Nobody is here yet. As soon as the identity provider sends people, the attributes that they have are suggested here.
mapping-column-add = Add as
mapping-suggestion-for = for { $path }
mapping-rules-heading = Roles by group
mapping-rules-text = Direct members of a group get its role where they have none of their own. Of several rows that apply, the first counts. It holds for present members at once. Clear a row to take it away.
mapping-column-rule-group = Group: whole name or id
mapping-column-role = Role
mapping-rule-group-label = Group of row { $index }
mapping-rule-role-label = Role of row { $index }
mapping-rules-try-button = Count whom it touches
mapping-rules-apply-button = Apply now
mapping-roles-heading = What roles may use
mapping-column-app = App
mapping-column-web = Web
mapping-role-label = Role { $index }
mapping-role-app-label = App for role { $index }
mapping-role-web-label = Web for role { $index }
mapping-roles-others = Any other role, or none
mapping-others-app-label = App for others
mapping-others-web-label = Web for others
mapping-roles-button = Save the roles
mapping-from-role = roles.value, or the table of groups and roles
mapping-from-grants = the role, by the table of roles
mapping-from-groups = memberships
mapping-not-counted = not counted
mapping-verdict-not-counted = Nothing was changed. The groups have more than 5,000 people together, so nobody was counted; apps would be told of the table and not of each person.
mapping-verdict-nobody = Nothing was changed. Nobody would lose a role.
mapping-verdict-losing = Nothing was changed. { NUMBER($people, useGrouping: "false") } people have a role by the table now and would have none.
mapping-custom-twice = The name { $name } is in the table twice.
mapping-rules-not-found = A group of the table was not found.
mapping-rule-no-group = Say which group the role is for.
mapping-rule-several-groups = Several groups are called { $name }. Type the id of one.
mapping-rule-unknown-group = No group is called { $name }. Type its whole name, or its id.

## A directory: Preview

preview-verdict = { $created } people would be made, { $changed } changed, { $deactivated } deactivated.
preview-nothing-changed = Nothing was changed.
preview-missing = { $people } of those who would be deactivated are not in the list.
preview-people-heading = People
preview-column-effect = Effect
preview-column-found-by = Found by
preview-column-what-would-change = What would change
preview-more-changes = and { NUMBER($more, useGrouping: "false") } more
preview-groups-heading = Groups
preview-column-group = Group
preview-column-joining = Joining
preview-column-leaving = Leaving
preview-not-counted = not counted
preview-group-emptied = It would be empty.
preview-form-heading = See what a list would do, before it is sent
preview-form-text = Up to 500 people and 100 groups. People are matched by <code>externalId</code>, else by <code>userName</code>, else by an address. Nothing is changed.
preview-list-label = List
preview-list-hint = Lines separated by commas, semicolons or tabs below a line of names, or SCIM resources as JSON. Such as:
preview-file-label = Or take it from a file
preview-complete-label = The list has everybody who is in scope
preview-complete-hint = Then active people who are not in it count as deactivated.
preview-form-button = See what it would do
preview-no-user-name = without a user name
preview-no-group-name = without a name
preview-list-empty = Paste a list first: a line of names of attributes, then a line for each person.
preview-list-no-json = The list cannot be read as JSON: look at line { $line }, column { $column }.
preview-list-resources = "Resources" must be a list.
preview-list-unreadable = The list cannot be read: { $error }.
preview-list-no-list = The list must be a JSON list or object.
preview-list-element = Element { $number } of the list is no object.
preview-list-first-line = The first line cannot be read: { $error }.
preview-list-no-user-name = The first line must name the attributes, with userName among them: userName,displayName,title,active
preview-list-values = Line { $line } has not as many values as the first line has names.
preview-list-line = Line { $line }: { $detail }
preview-list-column = There is no column { $name }. Columns are userName, externalId, displayName, name.givenName, name.familyName, email, title, department, nickName and active; for anything else paste SCIM resources as JSON.
preview-list-active = active must be true or false; this is { $value }.

## A directory: Keys

keys-made-label = New key
keys-made-text = <strong>Paste this token into the identity provider.</strong> It is shown once. Older keys go on working until they are revoked.
keys-keys-heading = Keys
keys-none = None: the identity provider cannot come in. Make one and paste it there.
keys-column-change = Change
keys-made = made { $when }
keys-being-replaced-pill = Being replaced; the new key was not seen yet
keys-replaced-pill = Replaced; revoke it now
keys-revoked-pill = Revoked
keys-new-pill = New; not seen in traffic yet
keys-seen-pill = Seen in traffic
keys-in-use-pill = In use
keys-never-used-pill = Never used
keys-rotate-button = Rotate<hidden> { $key }</hidden>
keys-force-label = although it may be in use
keys-revoke-button = Revoke<hidden> { $key }</hidden>
keys-new-heading = New key
keys-name-hint = What people call it, such as the name of the Entra application.
keys-new-button = Make a key

## A directory: Settings

settings-heading = What the directory takes
settings-groups-enabled-label = Take groups
settings-groups-enabled-hint = Without it, requests about groups are answered that there are none.
settings-unique-emails-label = No two people may have the same e-mail address
settings-people-of-label = Only people of verified domains
settings-people-of-hint = User names and e-mail addresses must be below a domain that the organization has verified.
settings-required-attributes-label = Required attributes
settings-required-attributes-hint = SCIM paths, separated by commas: name.givenName, emails
settings-rate-limit-label = Requests per second
settings-rate-limit-hint = The most that the identity provider may send. The setting of the installation, where nothing is said.

## A directory: Danger

danger-held-heading = Held changes
danger-held-text = Deactivations and deletions are refused, because there were too many at once. When they are meant, let them through for an hour; the identity provider sends them again by itself.
danger-held-button = Let them through
danger-resume-heading = Go on
danger-pause-heading = Pause
danger-resume-text = The directory is paused: it answers what is read and takes no change. Keys, groups and mappings are as they were.
danger-resume-button = Go on taking changes
danger-pause-text = A paused directory answers what is read and takes no change. Nothing is lost: keys, groups and mappings stay, and the identity provider sends again what was refused.
danger-pause-button = Pause the directory
danger-delete-heading = Delete this directory
danger-delete-text = Its people, groups, keys and log go with it, and apps are told. Nothing of it comes back.
danger-confirm-label = Type its name to confirm
danger-delete-button = Delete { $directory }
danger-confirm-error = Type the name of the directory as it is written here.

## A directory: Microsoft Graph

graph-not-pulled = This directory is not pulled from Microsoft Graph.
graph-draft = Nothing is pulled yet.
graph-draft-next = Next: look what may be read and how the test accounts would come. Then begin the first round.
graph-active = This directory is pulled from Microsoft Graph.
graph-active-compare = Microsoft Graph is compared with this directory, and nothing is changed.
graph-paused = The pull is paused. People and groups stay as they are.
graph-paused-next = It goes on when somebody starts it again.
graph-failing = Rounds have failed since { $when }.
graph-failing-now = Rounds fail.
graph-held = Many people would go with this round, so it waits.
graph-held-next = Look whether that is right in Entra. Then let it go on.
graph-error-heading = What went wrong
graph-error-code-fact = Reason
graph-error-trace-fact = Trace ID
graph-error-correlation-fact = Correlation ID
graph-error-request-fact = Request ID
graph-missing = A permission is missing: <b>{ $permissions }</b>. Add it under <b>API permissions → Microsoft Graph → Application permissions</b>, and <a>grant admin consent</a>.
graph-current-heading = The round that is under way
graph-current-full-heading = The full round that is under way
graph-current-began = It began { $when }.
graph-current-ends = It ends about { $when }.
graph-current-users = People: { $seen } seen, of { $known } that were known before.
graph-current-groups = Groups: { $seen } seen, of { $known } that were known before.
graph-rounds-heading = Rounds
graph-next-fact = Next round
graph-next-running = after the one that is under way
graph-next-none = none
graph-waiting-fact = Members who are waited for
graph-credential-ends-fact = Credential ends
graph-skipped-fact = Left out: <code>{ $reason }</code>
graph-no-round = No round has ended yet.
graph-column-outcome = Result
graph-column-brought = Brought
graph-column-step = Step
graph-round-full = everything
graph-round-changes = changes
graph-test-good = The first round may begin: nothing is missing.
graph-test-bad = Something is missing before a round can succeed.
graph-test-caption = What may be read
graph-step-token = Log in to Microsoft Entra ID as the application
graph-step-users = Read people
graph-step-group-members = Read members of groups
graph-step-assignments = Read who is assigned to the application
graph-outcome-good = Works
graph-outcome-nothing-there = Allowed, and there is nothing yet
graph-outcome-permission-missing = Permission missing
graph-outcome-no-application = The application is not in the tenant
graph-outcome-failed = Failed
graph-outcome-not-tried = Not tried
graph-effect-created = Would be made.
graph-effect-changed = Is here, and would be changed.
graph-effect-unchanged = Is here, just like this.
graph-effect-deactivated = Is here, and would be deactivated.
graph-effect-reactivated = Is here, and would be active again.
graph-effect-refused = Would be refused:
graph-account-missing = Nobody in the tenant has this user principal name.
graph-account-skipped = Would be left out: <code>{ $reason }</code>
graph-account-unfit = These values do not fit and stay out: <code>{ $paths }</code>
graph-account-scim = As SCIM
graph-account-normalized = As apps are told
graph-acts-heading = What to do
graph-test-text = It is looked whether the application may read what it must, and how each test account would come. Nothing is changed.
graph-test-button = Look
graph-resume-text = The first round begins at once, if the application may read what it must.
graph-force-label = Even if it may not
graph-resume-button = Start
graph-release-text = You have looked, and these people are meant to go.
graph-release-button = Let them go
graph-sync-text = A round reads what has changed. A full round reads everything again.
graph-sync-button = Begin a round now
graph-sync-full-button = Begin a full round now
graph-pause-text = No round begins, and one that is under way stops. People and groups stay as they are.
graph-pause-button = Pause
graph-permissions-heading = Permissions in Entra
graph-permissions = In Entra: <b>Manage → API permissions → Add a permission → Microsoft Graph → Application permissions</b>. Tick these and press <b>Add permissions</b>.
graph-redirect-label = Redirect URI: Web
graph-consent-link = An administrator of the tenant grants it on <a>Entra’s own page for consent</a>. It comes back here and says whether it was done.
graph-credentials-heading = Certificates & secrets
graph-no-credential = There is none yet: Entra lets nobody in.
graph-certificate = Certificate
graph-secret = Client secret
graph-credential-active-pill = Used
graph-credential-pending-pill = Waits
graph-credential-retiring-pill = Was used before
graph-credential-proved-fact = Seen to work
graph-activate-button = Use<hidden> { $hint }</hidden>
graph-remove-button = Remove<hidden> { $hint }</hidden>
graph-certificate-upload = Upload the certificate in Entra under <b>Manage → Certificates & secrets → Certificates → Upload certificate</b>. The newest one is saved here.
graph-rotate-text = A new certificate waits until it is uploaded and used. Until then the one before goes on, so that there is no gap.
graph-certificate-button = Make another certificate
graph-secret-button = Add the secret
graph-secret-error = Enter the Value of a client secret.
graph-new-heading = Pull from Microsoft Graph
graph-new-text = In place of waiting for SCIM requests, people and groups are read from Microsoft Graph. Register an application in the tenant first.
graph-new-secret-hint = Leave it empty to have a certificate made here, which cannot be copied by anybody.
graph-new-button = Set it up
graph-settings-heading = What is pulled
graph-settings-text = Another tenant or application pauses the pull. Another scope begins a full round.
graph-tenant-hint = On the same page: 5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10
graph-cloud-label = Cloud
graph-test-accounts-hint = User principal names, one a line: ada@contoso.com. It is shown how they would come before the first round.
graph-scope-label = Who is pulled
graph-scope-assigned = Users and groups that are assigned to the application
graph-scope-all = Everybody in the tenant
graph-scope-groups = Members of certain groups
graph-groups-label = Groups
graph-groups-hint = Object IDs of groups, one a line, where certain groups are chosen.
graph-nested-label = Members of groups in groups, too
graph-nested-hint = Entra itself assigns direct members only.
graph-skip-guests-label = Leave guests of the tenant out
graph-compare-label = Only compare
graph-compare-hint = Nothing is changed here. It is noted what is different.
graph-interval-label = Seconds between rounds
graph-interval-hint = From 60 to 86400; 900, where nothing is said.
graph-delete-heading = End the pull
graph-delete-text = Its credentials are forgotten, and what is known of the tenant. People and groups stay as they are.
graph-delete-button = End it

## Back from admin consent

graph-consent-title = Admin consent
graph-consent-given = Consent was given. Microsoft takes up to some minutes until it shows.
graph-consent-other-tenant = Consent was given in another tenant, so nothing changes here. Log in to Microsoft with an account of the tenant that is pulled.
graph-consent-refused = Consent was not given. Microsoft says:
graph-consent-foreign = This answer cannot be read: the link is older than a day, or is not one of this installation. Open the link for consent again.
graph-consent-next-button = Go on

## Endpoints

endpoints-title = Endpoints
endpoints-test-receivers-button = Test receivers
endpoints-new-button = New endpoint
endpoints-empty-title = No endpoint yet
endpoints-empty-text = An endpoint is the address of an app that is told of every change by a signed webhook. For example: <code>https://app.example/webhooks/rollcall</code>
endpoints-list-label = Endpoints
endpoints-column-taken = Taken in 24 h
endpoints-column-hour = By the hour
endpoints-attempts = { $delivered } of { $attempts } attempts
endpoints-nothing-sent = nothing was sent
endpoints-chart-label = The last 24 hours, hour by hour: { NUMBER($delivered, useGrouping: "false") } of { NUMBER($attempts, useGrouping: "false") } attempts were taken

## New endpoint

endpoint-new-title = New endpoint
endpoint-new-url-label = URL
endpoint-new-url-hint = Where the app takes webhooks: https://app.example/webhooks/rollcall
endpoint-new-description-label = Description
endpoint-new-description-hint = What people call it.
endpoint-new-organization-label = Organization
endpoint-new-organization-all-option = All organizations
endpoint-new-event-types-hint = Separated by commas, with * for any: user.*, group.member_added. All, where nothing is said.
endpoint-new-filter-hint = Only events whose person or group matches: department eq "Sales"
endpoint-new-try-filter-link = Try a filter on the last 100 events
endpoint-new-ordered-label = In order
endpoint-new-ordered-hint = Events of one person or group come one after the other; while one fails, the later ones wait.
endpoint-new-from-label = Begin with
endpoint-new-from-now-option = What happens from now on
endpoint-new-from-snapshot-option = A snapshot of everybody, then what happens
endpoint-new-from-beginning-option = Every event that is kept
endpoint-made-title = The endpoint is made
endpoint-made-secret-not-shown = Every webhook is signed with a secret (Standard Webhooks). Somebody who may see secrets gives it to the app.
endpoint-made-signing-secret-label = Signing secret
endpoint-made-secret-shown = <strong>Give the app its signing secret.</strong> Every webhook is signed with it (Standard Webhooks).
endpoint-made-secret-field = Signing secret
endpoint-made-public-key-field = Public key
endpoint-made-open-button = Open the endpoint

## An endpoint

endpoint-created = made { $when }
endpoint-secret-label = Signing secret
endpoint-secret-field = Signing secret
endpoint-rotated-label = New signing secret
endpoint-rotated-shown = Give the app its new secret.
endpoint-rotated-not-shown = <strong>There is a new secret.</strong> Somebody who may see secrets gives it to the app.
endpoint-rotated-until = Until { $when } webhooks are signed with both.
endpoint-public-key-field = Public key
endpoint-tested = A test event was sent. <a>See what the app answered</a>
endpoint-replay-counted = { $deliveries } deliveries would be sent again.
endpoint-replay-counted-text = The app sees them a second time, with the same ids.
endpoint-replay-sure-button = Send them again
endpoint-off-since = The endpoint is off since { $when }.
endpoint-off = The endpoint is off.
endpoint-off-held = { $held } events are held for it.
endpoint-failing-since = The app has taken nothing since { $when }.
endpoint-failing-remedy = Open the newest delivery: it shows what the app answered. Deliveries are tried again by themselves.
endpoint-on = The app takes what it is sent.
endpoint-on-oldest = The oldest event that waits is from { $when }.
endpoint-figures-label = Figures, 24 hours
endpoint-delivered-figure = Delivered, 24 h
endpoint-delivered-of = of { $deliveries }
endpoint-answer-figure = Answer, p50 / p99
endpoint-p50-p99 = { $p50 } / { $p99 } ms
endpoint-lag-figure = From event to answer
endpoint-waiting-figure = Waiting
endpoint-waiting-held = { $held } held
endpoint-given-up-figure = Given up
endpoint-deliveries-heading = Deliveries
endpoint-no-delivery-like-that = None.
endpoint-no-delivery-send-test = None yet. Send a test event below to see one.
endpoint-no-delivery = None yet.
endpoint-column-attempts = Attempts
endpoint-enable-heading = Switch it on again
endpoint-enable-held-label = What becomes of the { $held } events that are held
endpoint-held-drain-label = Send them all, oldest first
endpoint-held-skip-label = Leave them out
endpoint-held-snapshot-label = Leave them out and send a snapshot of everybody
endpoint-enable-button = Switch on
endpoint-test-heading = Send a test event
endpoint-test-type-label = Type
endpoint-test-button = Send
endpoint-replay-heading = Send again
endpoint-replay-after-label = From
endpoint-replay-after-hint = A time: 2026-01-31T12:00:00Z
endpoint-replay-before-label = To
endpoint-replay-before-hint = A time; now, where nothing is said.
endpoint-replay-only-failed-label = Only what failed
endpoint-replay-button = Count first
endpoint-secret-heading = Signing secret
endpoint-secret-show-button = Show the secret
endpoint-secret-rotate-button = Make a new one
endpoint-secret-show-text = Showing it is noted in the audit log.
endpoint-secret-rotate-text = An old one goes on working for 24 hours.
endpoint-settings-heading = Settings
endpoint-url-label = New URL
endpoint-url-hint = Its path may be secret, so it is not shown. Leave it empty to keep the present one.
endpoint-description-label = Description
endpoint-event-types-hint = Separated by commas; all, where nothing is said.
endpoint-filter-hint = Only events whose person or group matches: department eq "Sales"
endpoint-filter-check-link = See which of the last 100 events pass
endpoint-contacts-label = Contacts
endpoint-contacts-hint = E-mail addresses, separated by commas. They are told once when the endpoint fails or is switched off.
endpoint-delete-heading = Delete this endpoint
endpoint-delete-text = What waits for it is not sent any more.
endpoint-confirm-label = Type its address to confirm
endpoint-delete-button = Delete the endpoint
endpoint-status-all = All
endpoint-status-delivered = Delivered
endpoint-status-exhausted = Given up
endpoint-status-scheduled = To be tried again
endpoint-confirm-error = Type the address as it is written here.

## A delivery

delivery-made = made { $when }
delivery-retry-button = Send again
delivery-event-fact = Event
delivery-directory-fact = Directory
delivery-number-fact = Number
delivery-next-attempt-fact = Next attempt
delivery-reason-fact = Reason
delivery-attempts-heading = Attempts
delivery-no-attempt = None yet.
delivery-column-attempt = Attempt
delivery-column-what-came-back = What came back
delivery-column-time = Time
delivery-attempt-link = Attempt { $number }
delivery-no-answer-pill = none
delivery-trace = Trace <code>{ $trace }</code>
delivery-page-title = { $type } to the endpoint
delivery-endpoint-link = Endpoint

## An attempt

attempt-title = Attempt { $number } of { $event-type }
attempt-no-answer-pill = no answer
attempt-facts-label = Facts
attempt-event-fact = Event
attempt-took-fact = Took
attempt-error-fact = Error
attempt-answer-heading = What came back
attempt-answer-none = Nothing. Of an answer the beginning is kept.
attempt-page-title = Attempt { $number }

## Try a filter

filter-title = Try a filter
filter-lead = Which of the last 100 events an endpoint would be sent. Nothing is sent.
filter-event-types-hint = Separated by commas, with * for any: user.*, group.member_added. All, where nothing is said.
filter-filter-hint = Only events whose person matches: <code>department eq "Sales"</code>
filter-fields-label = Fields
filter-fields-hint = The attributes that are sent: email, department. All, where nothing is said.
filter-organization-ids-label = Organization, by id
filter-organization-ids-hint = All, where nothing is said.
filter-try-button = Try
filter-test-receivers-button = Test receivers
filter-guide-button = Read the guide
filter-empty-title = Nothing happened yet
filter-empty-text = As soon as there are events, this page tells which of them would be sent. Send sample people to a directory to see some.
filter-verdict = { $sent } of the last { $events } events would be sent.
filter-column-sent = Sent
filter-column-directory = Directory
filter-yes-pill = Yes
filter-sent-as = as { $sent-as }
filter-no-pill = No
filter-because-directory = another directory
filter-because-organization = another organization
filter-because-type = another type
filter-because-filter = not in scope of the filter
filter-because-fields = changed nothing that is shown

## Test receivers

receivers-title = Test receivers
receivers-lead = An app that there is already: see the webhooks that an endpoint gets, with headers and body, before you write your own.
receivers-empty-title = No test receiver yet
receivers-empty-text = Make one, and send sample people to a directory: what an app would get arrives here within a second.
receivers-list-label = Test receivers
receivers-column-receiver = Receiver
receivers-column-made = Made
receivers-unnamed = Test receiver
receivers-new-heading = New test receiver
receivers-new-text = It makes an endpoint, too. Only what is signed with the secret of that endpoint is kept: the last 100 of 24 hours.
receivers-event-types-hint = Separated by commas, with * for any: user.*. All, where nothing is said.
receivers-new-button = Make a test receiver

## A test receiver

receiver-unnamed = Test receiver
receiver-made = made { $when } · <a>its endpoint</a>
receiver-delete-button = Delete it with its endpoint
receiver-empty-title = Nothing came yet
receiver-empty-text = Send a test event on the page of its endpoint, or sample people to a directory. Where nothing comes although deliveries fail, their page says what the dispatcher got for an answer: it must reach the public URL of this installation.
receiver-receipt-label = What came
receiver-verified-pill = Signature verified
receiver-receipt-summary = Headers and body, { $bytes } bytes
receiver-page-title = Test receiver
receiver-body-without-type = a body without a type

## Events

events-title = Events
events-lead = The newest changes first. Apps are told of these.
events-types-label = Types
events-directory-id-label = Directory, by id
events-after-label = After
events-after-placeholder = oldest, newest or an id
events-empty-title = Nothing here yet
events-empty-text = What happens from now on appears here by itself. Provision somebody in the identity provider to see it.
events-column-about = About
events-column-source = Source
events-column-number = Number
events-about-directory-link = directory { $id }

## Single sign-on: connections and apps

connections-title = Single sign-on
connections-lead = People log in to your apps with the account that they have at work. Who is not in the customer's directory does not get in.
connections-new-button = New connection
connections-empty-title = Connect the first tenant
connections-empty-text = A connection joins a directory to the sign-in of its company, such as Microsoft Entra ID. Register an application there, and enter its ids here. <a>How single sign-on works</a>
connections-heading = Connections
connections-column-organization = Organization
connections-column-directory = Directory
connections-column-credential = Credential
connections-credential-ends = ends { $when }
connections-no-credential = none yet
connections-apps-heading = Apps that people log in to
connections-apps-new-link = New app
connections-no-app = None yet. An app is registered once; the people of all connections log in to it, or those of one organization.
connections-column-people-of = People of
connections-column-authentication = Proves itself by
connections-column-made = Made
connections-all-organizations = all organizations
# The state of a connection.
connection-draft-pill = Draft
connection-tested-pill = Tested
connection-active-pill = Active
connection-failing-pill = Failing
connection-paused-pill = Paused

## New connection

connection-new-title = New connection
connection-new-lead = Somebody who may register applications in the customer's tenant of Entra ID does the first step, and tells you the two ids.
connection-new-register-heading = 1. Register the application in Entra
connection-new-register-text = In the <a>Entra admin center</a>, open <b>Entra ID → App registrations → New registration</b>. Enter a name, choose <b>Accounts in this organizational directory only (Single tenant)</b>, leave <b>Redirect URI</b> empty, and press <b>Register</b>.
connection-new-overview-text = The <b>Overview</b> that opens has the <b>Application (client) ID</b> and the <b>Directory (tenant) ID</b>.
connection-new-uris-heading = 2. Redirect URIs come afterwards
connection-new-uris-text = Entra sends people back to two addresses that belong to this connection alone. They are shown as soon as it is made. Enter them there under <b>Authentication → Add a platform</b>: one as <b>Mobile and desktop applications</b>, one as <b>Web</b>.
connection-new-enter-heading = 3. Enter what Entra shows
connection-new-directory-label = Directory
connection-new-directory-hint = Who logs in must be in it. It cannot be changed later. One that is not listed is connected from its own page.
connection-new-directory-option = Choose a directory
connection-new-directory-error = Choose the directory that people must be in.
connection-new-secret-hint = From Certificates & secrets → Client secrets → New client secret: the Value, not the Secret ID. Leave it empty to make a key here afterwards, which cannot be copied by anybody.
connection-new-name-hint = What people call it. The name of the organization, where nothing is said.
connection-client-id-label = Application (client) ID
connection-client-id-hint = On the overview of the app registration: c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42
connection-authority-label = Directory (tenant) ID
connection-authority-hint = On the same page: 5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10. A domain of the tenant or its URL does as well.
connection-secret-label = Client secret: Value
connection-secret-ends-label = Client secret: Expires
connection-secret-ends-hint = The day on which it ends, as Entra shows it. You are told before.
connection-test-accounts-label = Test accounts
connection-test-accounts-hint = User names, one a line: ada@contoso.com. They may log in while the connection is not active yet.

## A connection

connection-about = <organization>{ $organization }</organization> · <directory>{ $directory }</directory> · made { $when }
connection-audit-button = Audit log
connection-draft = This connection was never tested. Nobody gets in yet.
connection-draft-error-next = Mend it, then check it again below.
connection-draft-credential-next = Next: enter the redirect URIs in Entra, and set a client secret or make a key below.
connection-draft-accounts-next = Next: name a test account in the settings below, and log in with it. Then let everybody in.
connection-draft-test-next = Next: log in as { $account } on the test page below. Then let everybody in.
connection-test-text = A test login shows each claim and what would have come of it, and changes nothing. It is for test accounts only.
connection-test-button = Log in as a test account
connection-tested = A test login succeeded { $when }. Nobody else gets in yet.
connection-tested-once = A test login succeeded. Nobody else gets in yet.
connection-tested-next = Next: let everybody in.
connection-active = People log in by this connection.
connection-failing = The identity provider has refused since { $when }.
connection-failing-now = The identity provider refuses.
connection-failing-next = People are let in as soon as it takes them again.
connection-paused = Nobody logs in: this connection is paused.
connection-paused-next = Let people in again when you are ready.
connection-credential-ended = The credential ended { $when }. Nobody can log in with it.
connection-credential-ended-next = Set a new client secret, or make a key, below.
connection-credential-ends = The credential ends { $when }.
connection-credential-ends-next = Set a new one below before that.
connection-switch-heading = Who gets in
connection-check-text = The identity provider has not been reached yet. What it says about itself is read again when you ask for it, and whenever something is changed here.
connection-check-button = Check again
connection-activate-text = Everybody in the directory may log in.
connection-force-label = Without a test login
connection-force-hint = Nobody has logged in by this connection yet. If something is wrong, people see an error in place of your app.
connection-activate-button = Let everybody in
connection-pause-text = Nobody logs in, and whoever came by this connection is logged out.
connection-pause-button = Pause
connection-uris-heading = Redirect URIs and permissions in Entra
connection-uris-text = In the app registration, open <b>Authentication → Add a platform</b> twice: once for each platform that is named here, with its address. An address must not stand under both.
connection-claim-text = Open <b>Token configuration → Add optional claim</b>, choose <b>ID</b>, tick <b>{ $claim }</b>, and press <b>Add</b>. Without it nobody can be matched at the first login.
connection-permissions-text = Open <b>API permissions</b>. <b>Microsoft Graph → User.Read</b> (delegated) is there already; add <b>openid</b>, <b>profile</b> and <b>email</b>, and press <b>Grant admin consent</b>.
connection-credential-heading = Credential
connection-credential-none = There is none yet: Entra lets nobody in. Set a client secret or make a key.
connection-credential-secret = This connection proves itself by a client secret. When it ends is not known.
connection-credential-secret-until = This connection proves itself by a client secret. It ends { $when }.
connection-credential-key = This connection proves itself by a key, whose private half never leaves Rollcall. Upload its certificate in Entra under <b>Certificates & secrets → Certificates → Upload certificate</b>.
connection-thumbprint-label = Thumbprint
connection-thumbprint-sha256-label = Thumbprint, SHA-256
connection-certificate-ends-fact = Ends
connection-certificate-button = Save the certificate (.cer)
connection-secret-heading = Set a client secret
connection-secret-text = Press <b>Certificates & secrets → Client secrets → New client secret</b> in Entra, and copy its <b>Value</b>. It takes the place of what there is now.
connection-secret-hint = Not the Secret ID. It is kept encrypted, and never shown again.
connection-secret-button = Set the secret
connection-key-heading = Make a key
connection-key-text = It is good for two years, and takes the place of what there is now: nobody logs in <b>before its certificate is in Entra</b>.
connection-key-button = Make a key
connection-provider-heading = Identity provider
connection-provider-text = Another tenant, application or issuer makes the connection a draft again, and logs everybody out.
connection-expected-issuer-label = Issuer
connection-expected-issuer-hint = Only where it does not follow from the tenant, as with Azure AD B2C.
connection-settings-heading = Settings
connection-user-name-claim-label = Claim with the user name
connection-user-name-claim-hint = It is compared with userName of the directory at the first login of a person: upn
connection-allows-guests-label = Guests of the tenant may log in
connection-allows-guests-hint = People of other companies who were invited into it. They must be in the directory, too.
connection-console-heading = Who may enter this console
connection-console-text = People of the directory log in to this console by the connection, without an admin key. They are out with their next request when they are deactivated or lose the role, or when the connection is paused. Whoever may change the directory decides who has a role of it.
connection-console-login-url-label = Where they log in
connection-console-roles-label = Roles
connection-console-roles-hint = Roles of the directory, separated by commas: EnterpriseAdmin
connection-console-users-label = People
connection-console-users-hint = Ids of users of the directory who may enter whatever their role, one a line.
connection-console-scopes-label = What they may do
connection-console-reach-label = Where
connection-console-reach-organization = in { $organization } only
connection-console-reach-installation = in all organizations
connection-console-open-button = Open the console to them
connection-console-close-button = Close the console to them
connection-console-app = this console
connection-sessions-heading = Who is logged in
connection-no-session = Nobody has logged in by this connection yet.
connection-column-app = App
connection-column-since = Since
connection-column-end = End
connection-channel-app = an app on a device
connection-channel-web = a website
connection-session-live-pill = Logged in
connection-session-until = until { $when }
connection-session-logout = Logged out
connection-session-deactivated = Ended: the person is not active any more
connection-session-deleted = Ended: the person is not in the directory any more
connection-session-access-lost = Ended: the person may not use the app any more
connection-session-connection-paused = Ended: the connection was paused or changed
connection-session-reuse = Ended: a code or token was used twice
connection-session-revoked = Ended by an administrator
connection-session-over = Over
connection-end-button = End<hidden> the session of { $person }</hidden>
connection-delete-heading = Delete this connection
connection-delete-text = Everybody who came by it is logged out, and who they are at the identity provider is forgotten. A new connection has other redirect URIs.
connection-confirm-label = Type its name to confirm
connection-delete-button = Delete { $connection }
connection-confirm-error = Type the name of the connection as it is written here.

## An app that people log in to

sso-app-new-title = New app
sso-app-new-lead = An app of yours that people log in to. To it Rollcall is an OpenID provider, whoever the customer is.
sso-app-client-secret = Client secret
sso-app-private-key-jwt = Signed assertions
sso-app-no-authentication = Nothing
sso-app-new-client-secret-hint = For an app with a server, which keeps it. It is shown once.
sso-app-new-private-key-jwt-hint = For an app with a server that signs with a key of its own (private_key_jwt). Enter its public keys below.
sso-app-new-no-authentication-hint = For an app on a device or in a browser, which can keep no secret. It must use PKCE.
sso-app-name-hint = What people call it.
sso-app-organization-label = People of
sso-app-organization-all-option = All organizations
sso-app-authentication-label = Proves itself by
sso-app-type-label = Runs
sso-app-type-web = On a server or in a browser
sso-app-type-web-hint = For people whose role grants web.
sso-app-type-native = On people's own devices
sso-app-type-native-hint = For people whose role grants app.
sso-app-redirect-uris-label = Redirect URIs
sso-app-redirect-uris-hint = Where people are sent back to, one a line: https://app.example/callback. They are compared as they are written.
sso-app-post-logout-label = Redirect URIs after logout
sso-app-post-logout-hint = Where people may be sent after they logged out, one a line.
sso-app-backchannel-label = Back-channel logout URI
sso-app-backchannel-hint = Where the app is told that sessions ended: https://app.example/backchannel-logout
sso-app-initiate-label = Initiate login URI
sso-app-initiate-hint = Where a login begins that was not started by the app.
sso-app-jwks-label = Public keys
sso-app-jwks-hint = A JWK set, for an app that proves itself by signed assertions.
sso-app-of-one = for people of <a>{ $organization }</a> · made { $when }
sso-app-of-all = for people of all organizations · made { $when }
sso-app-secret-label = New client secret
sso-app-secret-shown = <strong>Give the app its client secret.</strong> It is shown once.
sso-app-secret-field = Client secret
sso-app-enter-heading = What to enter in the app
sso-app-enter-text = Most libraries need no more than these. <a>All endpoints</a> are in the guide.
sso-app-client-id-field = Client ID
sso-app-discovery-field = Discovery URL
sso-app-issuer-field = Issuer
sso-app-secret-heading = Client secret
sso-app-rotate-text = The one before is no good from that moment on. People who are logged in stay so.
sso-app-rotate-button = Make another secret
sso-app-settings-heading = Settings
sso-app-delete-heading = Delete this app
sso-app-delete-text = Everybody is logged out of it.
sso-app-confirm-label = Type its name to confirm
sso-app-delete-button = Delete { $app }
sso-app-confirm-error = Type the name of the app as it is written here.

## An event

event-number = { $when } · number { $number } of its directory
event-facts-label = Facts
event-about-fact = About
event-member-fact = Member
event-directory-fact = Directory
event-source-fact = Source
event-trace = <request>the request that brought it about</request>, <look>trace <code>{ $trace }</code></look>
event-id-fact = Id
event-changes-heading = What changed
event-column-path = Path
event-column-before = Before
event-column-after = After
event-told-heading = Who was told
event-told-nobody = No endpoint. <a>An endpoint</a> is told of events that happen after it was made, of the types and people that it asks for.
event-column-attempts = Attempts
event-column-taken = Taken
event-told-no-answer = none yet
event-told-not-yet = not yet
event-data-heading = Data, as apps get it

## A trace

trace-title = Trace
trace-empty-title = Nobody has said where traces can be looked at
trace-empty-text = Set <code>ROLLCALL_TRACE_URL</code>, and this page leads there. For example: <code>http://localhost:16686/trace/{"{"}trace_id{"}"}</code>

## Credentials

credentials-title = Credentials
credentials-lead = All that ends, the next one first. Make a new one before it ends; take the old one away when the new one was seen in traffic.
credentials-empty-title = Nothing ends
credentials-empty-text = Keys without an end, such as most directory keys, are not listed. Give a key an end to be reminded 60, 30, 14, 7 days and one day before.
credentials-list-label = Credentials
credentials-column-credential = Credential
credentials-ended-pill = Ended

## Dead letters

dead-letters-title = Dead letters
dead-letters-lead = Messages that could not be processed and were put aside, so that they hold up no other.
dead-letters-redriven = Sent again: { $outcome }.
dead-letters-none = There are none.
dead-letters-none-text = A change that brings the projector down again and again would be here, or a message that cannot be read.
dead-letters-list-label = Dead letters
dead-letters-column-message = Message
dead-letters-column-why = Why
dead-letters-column-put-aside = Put aside
dead-letters-column-decide = Decide
dead-letters-send-again-button = Send again<hidden> { $id }</hidden>
dead-letters-discard-button = Discard<hidden> { $id }</hidden>

## Audit log

audit-log-title = Audit log
audit-log-lead = Who did what here, in the API and on the command line, and what was refused.
audit-log-action-label = Action
audit-log-actor-label = Who
audit-log-actor-placeholder = the id of a key, configured_key, system or stranger
audit-log-filter-button = Filter
audit-log-empty-title = Nothing is like that
audit-log-empty-text = Actions are named as <code>organization.created</code> or <code>access.refused</code>.
audit-log-list-label = Entries
audit-log-column-action = Action
audit-log-column-who = Who
audit-log-column-what-changed = What changed
audit-log-refused-pill = refused
audit-log-show = Show<hidden> what changed</hidden>

## Admin keys

admin-keys-title = Admin keys
admin-keys-lead = Who may use this console and the management API, for what, and for whom.
admin-keys-made-label = New key
admin-keys-made-text = <strong>Keep this key.</strong> It is shown once.
admin-keys-made-field = Admin key
admin-keys-list-label = Admin keys
admin-keys-column-may = May
admin-keys-column-for = For
admin-keys-column-delete = Delete
admin-keys-made = made { $when }
admin-keys-for-organization-link = one organization
admin-keys-for-everything = everything
admin-keys-delete-button = Delete<hidden> { $key }</hidden>
admin-keys-new-heading = New key
admin-keys-name-hint = Who or what it is for.
admin-keys-scopes-label = What it may do
admin-keys-organization-id-label = Organization, by id
admin-keys-organization-id-hint = All organizations, where nothing is said.
admin-keys-expires-at-label = Ends
admin-keys-expires-at-hint = A time: 2027-01-31T12:00:00Z. Never, where nothing is said.
admin-keys-new-button = Make a key
admin-keys-scope-read = look at everything
admin-keys-scope-directories = change organizations, directories and people
admin-keys-scope-endpoints = everything with endpoints, and see their secrets
admin-keys-scope-endpoints-view = look at endpoints and deliveries only
admin-keys-scope-endpoints-reveal = see URLs and secrets of endpoints
admin-keys-scope-endpoints-manage = make, change and delete endpoints
admin-keys-scope-endpoints-resend = send deliveries again
admin-keys-scope-connections = set up single sign-on
admin-keys-scope-admin = keys, audit log, dead letters

## The guide: where it begins

guide-start-title = Connect the directory of { $organization }
guide-start-lead = About ten minutes. You need the right to set up provisioning in your identity provider. You can leave and come back with the same link.
guide-start-connected-heading = Connected
guide-start-provider-heading = Which identity provider does your company use?
guide-start-deleted = The directory of this link was deleted. Ask whoever sent you the link for a new one.
guide-start-page-title = Connect your directory

## The guide: its steps

guide-steps-label = Steps
guide-about = Connect { $directory } for { $organization }. You can leave and come back with the same link.
guide-entra-application = In the <a>Microsoft Entra admin center</a>: <b>Enterprise apps → New application → Create your own application</b>. Give it a name, choose <b>Integrate any other application you don’t find in the gallery (Non-gallery)</b> and press <b>Create</b>. You need the role <b>Application Administrator</b>.
guide-entra-credentials = In Entra: <b>Enterprise apps → your application → Provisioning → New configuration</b>. Entra calls the two fields exactly as below. Then press <b>Test connection</b>, and <b>Create</b>.
guide-entra-mapping = In Entra: <b>Provisioning → Attribute mapping → Provision Microsoft Entra ID Users</b>. The defaults fit. See that <b>userName</b> is mapped from <b>userPrincipalName</b> and that it is the matching attribute. Both <b>Provision Microsoft Entra ID Users</b> and <b>Provision Microsoft Entra ID Groups</b> are enabled.
guide-entra-assign = In Entra: <b>Users and groups → Add user/group</b>. Only who is assigned is sent. To begin with, assign one or two people that you know.
guide-entra-on-demand = In Entra: <b>Provisioning → Provision on demand</b>. Choose one person and press <b>Provision</b>. The person arrives here within seconds.
guide-entra-on = In Entra: <b>Provisioning → Overview → Start provisioning</b>. The first cycle sends everybody who is assigned; later ones come about every 40 minutes and send what changed.
guide-okta-application = In the Okta admin console: <b>Applications → Browse App Catalog</b>, search for <b>SCIM 2.0 Test App (OAuth Bearer Token)</b>, press <b>Add Integration</b>, give it a name and press <b>Done</b>. Then <b>Provisioning → Configure API Integration → Enable API integration</b>.
guide-onelogin-application = In OneLogin: <b>Applications → Add App</b>, search for <b>SCIM Provisioner with SAML (SCIM v2 Enterprise)</b> and press <b>Save</b>. Then open <b>Configuration</b>.
guide-jumpcloud-application = In JumpCloud: <b>SSO Applications → Add New Application → Custom Application</b>, enable <b>Export users to this app (Identity Management)</b>, and open <b>Identity Management</b>. Choose the SCIM version <b>SCIM 2.0</b>.
guide-ping-application = In PingOne: <b>Integrations → Provisioning → New connection → Identity store → SCIM Outbound</b>. Choose <b>OAuth 2 Bearer Token</b> as the authentication method.
guide-google-application = Google Workspace provisions over SCIM only to applications of its own catalogue that support it: <b>Apps → Web and mobile apps → your application → Autoprovisioning</b>. It sends people of the groups that you choose, not groups themselves, and it cannot provision to an application that you added yourself.
guide-any-application = In your identity provider, add an application with provisioning by <b>SCIM 2.0</b> and a <b>bearer token</b>. The next step has both the address and the token.
guide-credentials = Paste these two. The address is called <b>Base URL</b>, <b>SCIM connector base URL</b> or <b>Tenant URL</b>; the token is called <b>API Token</b>, <b>SCIM Bearer Token</b> or <b>OAuth Bearer Token</b>. The unique identifier is <b>userName</b>. Then test the connection there.
guide-assign = Allow the application to <b>create</b>, <b>update</b> and <b>deactivate</b> users, and assign the people or groups that are to be sent. To begin with, assign one or two people that you know.
guide-watch = Switch provisioning on. People arrive within seconds to minutes; this page notices by itself.
guide-arrived = { $people } people and { $groups } groups are here.
guide-listening-hint = listening
guide-back-button = Back
guide-continue-button = Continue
guide-show-status-button = Show the status
guide-done-button = Done: { $label }
guide-done-status-button = Done: show the status
guide-credentials-made-hint = Shown once. If you lose it, make a new one here; the old one goes on working until the new one has been seen.
guide-credentials-another-button = Make another secret token
guide-credentials-button = Make the secret token
guide-credentials-another-hint = A token was made before. It is shown only when it is made; make another one if it is lost.
guide-key-name = Set up by link
guide-step-enterprise-application = Create the enterprise application
guide-step-tenant-url = Paste the tenant URL and the secret token
guide-step-mapping = Check the attribute mapping
guide-step-assign = Assign people
guide-step-on-demand = Provision one person
guide-step-on = Switch on
guide-step-application = Create the application
guide-step-credentials = Paste the address and the token
guide-step-watch = See them arrive

## The guide: status

guide-status-link = Status, requests and keys
guide-status-back-guide-link = Back to the guide
guide-status-requests-heading = Requests
guide-status-no-request = None yet.
guide-status-column-request = Request
guide-status-keys-heading = Keys
guide-status-no-key = None yet. The guide makes one when it is time to paste it.
guide-status-made = made { $when }
guide-status-page-title = Status

## The guide of single sign-on

sign-on-start-title = Set up single sign-on for { $organization }
sign-on-start-lead = About fifteen minutes. You need the right to register applications in your tenant. You can leave and come back with the same link.
sign-on-no-directory = There is no directory yet whose people could log in. Ask whoever sent you the link for one that sets up provisioning, too.
sign-on-tile = Single sign-on: { $directory }
sign-on-tile-about = People log in with the account that they have at work.
sign-on-link = Single sign-on
sign-on-about = Single sign-on of { $directory } for { $organization }. You can leave and come back with the same link.
sign-on-provisioning-link = Provisioning of this directory
sign-on-step-register = Register the application
sign-on-step-redirect-uris = Enter the two redirect URIs
sign-on-step-credential = Give it a credential
sign-on-step-claim = Add the claim upn
sign-on-step-consent = Grant admin consent
sign-on-step-test = Log in as a test
sign-on-step-live = Go live

## The guide of single sign-on: registering the application

sign-on-register = In the <a>Microsoft Entra admin center</a>: <b>Entra ID → App registrations → New registration</b>. Enter a name, choose <b>Accounts in this organizational directory only (Single tenant)</b>, leave <b>Redirect URI</b> empty and press <b>Register</b>. You need the role <b>Application Developer</b> or a higher one.
sign-on-register-ids = The <b>Overview</b> that opens has the two ids under <b>Essentials</b>. Copy both of them here.
sign-on-register-button = Go on
sign-on-register-known = These ids are entered already. Other ones begin the test anew, and log everybody out.
sign-on-register-save-button = Change the ids
sign-on-register-unreached = Entra could not be asked about this tenant.
sign-on-client-id-hint = Such as c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42.
sign-on-authority-hint = Such as 5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10. It stands right below the other one.

## The guide of single sign-on: redirect URIs

sign-on-redirect-uris = In Entra, open the registration and then <b>Manage → Authentication</b>. Do this twice, first for apps on people’s own devices, then for the web.
sign-on-redirect-native = <b>Add a platform → Mobile and desktop applications</b>: paste this under <b>Custom redirect URIs</b> and press <b>Configure</b>.
sign-on-redirect-web = <b>Add a platform → Web</b>: paste this under <b>Redirect URIs</b> and press <b>Configure</b>. Leave both boxes under <b>Implicit grant and hybrid flows</b> empty.
sign-on-redirect-newer = Where the page has a button <b>Add Redirect URI</b> instead, press that and choose the same two platforms. An address must not stand under both.
sign-on-redirect-label = Redirect URI: { $platform }
sign-on-open-registration-link = Open this page in Entra

## The guide of single sign-on: the credential

sign-on-credential = The application proves who it is in one of two ways. A certificate is safer and lasts longer; a client secret is quicker.
sign-on-credential-now-secret = It proves itself by a client secret now, which ends { $when }.
sign-on-credential-now-secret-undated = It proves itself by a client secret now.
sign-on-credential-now-key = It proves itself by a certificate now, which ends { $when }.
sign-on-credential-ended = The credential ended { $when }. Nobody can log in until there is another.
sign-on-credential-ended-next = Replace it below.
sign-on-credential-soon = The credential ends { $when }.
sign-on-credential-soon-next = Replace it below before that.
sign-on-secret-heading = A client secret
sign-on-secret-replace-heading = Replace the secret
sign-on-secret = In Entra: <b>Manage → Certificates & secrets → Client secrets → New client secret</b>. Enter a description, choose under <b>Expires</b> how long it is good and press <b>Add</b>. Copy the <b>Value</b> at once: Entra shows it only now. The <b>Secret ID</b> beside it is of no use here.
sign-on-secret-value-label = Value
sign-on-secret-value-hint = It is kept encrypted, and never shown again.
sign-on-secret-end-label = Expires
sign-on-secret-end-hint = The day that Entra shows in the same line. You are told before it comes.
sign-on-secret-end-error = Enter the day on which the secret ends, so that you can be told before.
sign-on-secret-button = Keep the secret
sign-on-secret-replace-button = Replace the secret
sign-on-secret-replace-hint = The new one counts at once. Delete the old one in Entra after the next login.
sign-on-key-heading = Or a certificate
sign-on-key-replace-heading = Replace the certificate
sign-on-key = It is made here and its private key never leaves this place. It is good for two years.
sign-on-key-waits = As soon as it is made it takes the place of what there is now: nobody logs in <b>before it is uploaded in Entra</b>.
sign-on-key-button = Make a certificate
sign-on-key-another-button = Make another certificate
sign-on-key-upload = In Entra: <b>Manage → Certificates & secrets → Certificates → Upload certificate</b>. Choose the file that you save here and press <b>Add</b>. Entra then shows the same <b>Thumbprint</b>.

## The guide of single sign-on: claim and consent

sign-on-claim = In Entra: <b>Manage → Token configuration → Add optional claim</b>. Choose the token type <b>ID</b>, tick <b>{ $claim }</b> and press <b>Add</b>.
sign-on-claim-permission = Entra asks whether to <b>Turn on the Microsoft Graph profile permission (required for claims to appear in token)</b>. Tick it and press <b>Add</b>.
sign-on-claim-why = By this claim people are found in the directory when they log in for the first time. E-mail addresses never count.
sign-on-consent = In Entra: <b>Manage → API permissions → Grant admin consent</b> for your organization, and then <b>Yes</b>. Then nobody is asked for consent when they log in. You need the role <b>Cloud Application Administrator</b>.
sign-on-consent-link = Or grant it on <a>Entra’s own page for consent</a>. It comes back here and says whether it was done.
sign-on-consent-permissions = It is about <b>openid</b>, <b>profile</b>, <b>email</b> and <b>User.Read</b>: who somebody is, and nothing else.

## The guide of single sign-on: test and switch

sign-on-test = Name at least one account of somebody who is in the directory, and log in with it. The result shows each claim and what would have come of it. It changes nothing, and nobody else gets in.
sign-on-test-accounts-error = Name at least one account: a test login is for those that you name.
sign-on-test-accounts-button = Save
sign-on-test-needs-credential = A test needs a <credential>credential</credential> first.
sign-on-test-unreached = Entra could not be asked about the tenant: { $error } See <register>the ids</register>.
sign-on-test-button = Log in as a test account
sign-on-test-button-hint = Use a private window if you are logged in with another account. Then come back to this page.
sign-on-test-none = Waiting for the first test login …
sign-on-test-good = A test login succeeded { $when }.
sign-on-test-bad = The last test login, { $when }, would not have got in.
sign-on-test-hint = listening
sign-on-test-any-channel = any app
sign-on-test-result-caption = What came of the last test login
sign-on-test-column-app = Kind of app
sign-on-test-column-result = Decision
sign-on-test-gets-in = Gets in
sign-on-test-look-again = Look again
sign-on-live-draft = Nobody gets in yet. A test login must succeed before.
sign-on-live-draft-next = Go back to the <test>test login</test>.
sign-on-live-tested = A test login succeeded { $when }. Nobody else gets in yet.
sign-on-live-tested-next = From now on everybody in the directory can log in, to the apps that their role includes.
sign-on-live-button = Go live
sign-on-live-active = People log in with the account that they have at work.
sign-on-live-active-next = You are done. Come back here when the credential is to be replaced.
sign-on-live-failing = Entra has refused this application since { $when }.
sign-on-live-failing-next = Mend it in Entra, or replace the credential.
sign-on-live-paused = Single sign-on is paused.
sign-on-live-paused-next = Ask whoever sent you the link.
sign-on-live-paused-error = It was paused by those who run it. Ask whoever sent you the link.
sign-on-live-credential-heading = Credential
sign-on-live-credential-fact = Proves itself by
sign-on-live-credential-secret = a client secret
sign-on-live-credential-key = a certificate
sign-on-live-credential-none = nothing yet
sign-on-live-ends-fact = Ends
sign-on-live-test-fact = Last test
sign-on-live-replace-secret-link = Replace the secret
sign-on-live-replace-key-link = Replace the certificate

## The guide of Microsoft Graph

graph-setup-about = { $directory } of { $organization } is read from Microsoft Graph. You can leave and come back with the same link.
graph-setup-step-register = Register the application
graph-setup-step-credential = Upload the certificate
graph-setup-step-permissions = Add permissions and grant admin consent
graph-setup-step-test = Look at test accounts
graph-setup-step-round = Begin the first round
graph-setup-register-known = This is entered already. Another tenant or application begins anew.
graph-setup-secret-heading = Or a client secret
graph-setup-use-text = A new certificate waits. Upload it in Entra, and use it then: the one before goes on until Entra takes the new one.
graph-setup-use-button = Use the new one
graph-setup-consent = Then press <b>Grant admin consent</b> for your organization, and <b>Yes</b>. You need the role <b>Privileged Role Administrator</b>.
graph-setup-redirect = Or grant it by the link below. For the way back, enter this address before under <b>Manage → Authentication → Add a platform → Web</b>.
graph-setup-start-text = Everybody who is in the scope is read now. That takes a minute for some thousand people. You can leave meanwhile.
graph-setup-start-button = Begin the first round

## The guide: drawings of screens of Entra

screen-application-label = Entra's page: a name, Integrate any other application, then Create
screen-application-title = Create your own application
screen-application-name = What's the name of your app?
screen-application-choice = Integrate any other application you don't find in the gallery (Non-gallery)
screen-application-create = Create
screen-credentials-label = Entra's page: Tenant URL, Secret token, then Test connection
screen-credentials-title = New provisioning configuration
screen-credentials-tenant-url = Tenant URL *
screen-credentials-secret-token = Secret token
screen-credentials-test-connection = Test connection
screen-mapping-label = Entra's page: userName is mapped from userPrincipalName, with matching precedence 1
screen-mapping-title = Attribute Mapping
screen-mapping-target = customappsso Attribute
screen-mapping-source = Microsoft Entra ID Attribute
screen-mapping-precedence = Matching precedence 1
screen-assign-label = Entra's page: Add user/group, then the people
screen-assign-title = Users and groups
screen-assign-add = Add user/group
screen-assign-search = Search by name
screen-assign-user = User
screen-assign-button = Assign
screen-on-demand-label = Entra's page: choose one person, then Provision
screen-on-demand-title = Provision on demand
screen-on-demand-selected-user = Selected user
screen-on-demand-button = Provision
screen-on-label = Entra's page: Start provisioning
screen-on-title = Overview
screen-on-provisioning-status = Provisioning status
screen-on-off = Off
screen-on-button = Start provisioning
screen-registration-label = Entra's page: Name, Single tenant, then Register
screen-registration-title = Register an application
screen-registration-name = Name *
screen-registration-choice = Accounts in this organizational directory only (Single tenant)
screen-registration-button = Register
screen-overview-label = Entra's page: Application (client) ID and Directory (tenant) ID
screen-overview-title = Essentials
screen-overview-client-id = Application (client) ID
screen-overview-tenant-id = Directory (tenant) ID
screen-platform-label = Entra's page: Add a platform, then the platform, then the address and Configure
screen-platform-title = Platform configurations
screen-platform-add = Add a platform
screen-platform-native = Mobile and desktop applications
screen-platform-web = Web
screen-platform-uris = Custom redirect URIs / Redirect URIs
screen-platform-button = Configure
screen-secret-label = Entra's page: New client secret, then the end and the Value
screen-secret-title = Client secrets
screen-secret-new = New client secret
screen-secret-expires = Expires
screen-secret-value = Value
screen-secret-id = Secret ID
screen-claim-label = Entra's page: Add optional claim, ID, upn, then Add
screen-claim-title = Optional claims
screen-claim-add = Add optional claim
screen-claim-type = Token type
screen-claim-id = ID
screen-claim-button = Add
screen-consent-label = Entra's page: Grant admin consent, then Yes
screen-consent-title = Configured permissions
screen-consent-button = Grant admin consent for …
screen-consent-yes = Yes
