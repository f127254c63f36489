-- What OwnStore keeps, for PostgreSQL 13 or later. Columns are what is searched, sorted or counted by; the rest of each
-- value stands in its body. `json`, not `jsonb`: it gives texts back as they came, whatever characters are in them.
-- Ids sort by their characters (COLLATE "C"), as in Python.

CREATE TABLE IF NOT EXISTS own_documents (
    merchant_id text NOT NULL,
    kind text NOT NULL,
    document_id text COLLATE "C" NOT NULL,
    revision integer NOT NULL,
    status text,  -- of a campaign
    body json,  -- null: deleted; its revision goes on
    PRIMARY KEY (merchant_id, kind, document_id)
);
CREATE INDEX IF NOT EXISTS own_live_campaigns ON own_documents (status)
    WHERE kind = 'campaign' AND status IN ('scheduled', 'sending');

CREATE TABLE IF NOT EXISTS own_timeline (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id text NOT NULL,
    campaign_id text NOT NULL,
    body json NOT NULL
);
CREATE INDEX IF NOT EXISTS own_timeline_of_campaign ON own_timeline (merchant_id, campaign_id, position);

CREATE TABLE IF NOT EXISTS own_recipients (
    merchant_id text NOT NULL,
    recipient_id text COLLATE "C" NOT NULL,
    campaign_id text NOT NULL,
    intake text NOT NULL,
    status text NOT NULL,
    reason text NOT NULL,
    delivery text NOT NULL,
    contact_key text NOT NULL,
    contact_id text NOT NULL,
    row_number bigint,
    address_key text NOT NULL,
    occasion text NOT NULL,
    not_before timestamptz NOT NULL,
    lease_until timestamptz,
    doubt_until timestamptz,
    claim_token text NOT NULL,
    body json NOT NULL,
    PRIMARY KEY (merchant_id, recipient_id)
);
CREATE INDEX IF NOT EXISTS own_recipients_in_order ON own_recipients (merchant_id, campaign_id, recipient_id);
CREATE INDEX IF NOT EXISTS own_recipients_by_id ON own_recipients (recipient_id);  -- for our ids in receipts
CREATE INDEX IF NOT EXISTS own_recipients_pending ON own_recipients (merchant_id, campaign_id, not_before, recipient_id)
    WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS own_recipients_leased ON own_recipients (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX IF NOT EXISTS own_recipients_in_doubt ON own_recipients (doubt_until) WHERE doubt_until IS NOT NULL;
CREATE INDEX IF NOT EXISTS own_recipients_by_address ON own_recipients (merchant_id, address_key);
-- The two rules of intake, should the code above them ever be wrong.
CREATE UNIQUE INDEX IF NOT EXISTS own_one_row_each ON own_recipients (merchant_id, campaign_id, contact_key, occasion);
CREATE UNIQUE INDEX IF NOT EXISTS own_one_message_each
    ON own_recipients (merchant_id, campaign_id, address_key, occasion) WHERE intake = 'recipient';

CREATE TABLE IF NOT EXISTS own_attempts (
    merchant_id text NOT NULL,
    recipient_id text COLLATE "C" NOT NULL,
    epoch integer NOT NULL,
    began_at timestamptz,
    doubt_until timestamptz,  -- its recipient is sent to anew; until then this may prove accepted
    is_charged boolean NOT NULL,  -- credit was held for it: it stands in the ledger
    body json NOT NULL,
    PRIMARY KEY (merchant_id, recipient_id, epoch)
);
CREATE INDEX IF NOT EXISTS own_ledger ON own_attempts (merchant_id, recipient_id, epoch) WHERE is_charged;
CREATE INDEX IF NOT EXISTS own_left_open ON own_attempts (doubt_until) WHERE doubt_until IS NOT NULL;

CREATE TABLE IF NOT EXISTS own_suppressions (
    merchant_id text NOT NULL,
    address_key text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (merchant_id, address_key)
);

CREATE TABLE IF NOT EXISTS own_limits (
    scope_key text PRIMARY KEY,
    state text NOT NULL  -- as dump_state writes it
);

CREATE TABLE IF NOT EXISTS own_lots (
    merchant_id text NOT NULL,
    number integer NOT NULL,
    body json NOT NULL,
    PRIMARY KEY (merchant_id, number)
);

CREATE TABLE IF NOT EXISTS own_entries (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id text NOT NULL,
    slot text NOT NULL,
    key text NOT NULL,
    refunds text NOT NULL,  -- the key of the hold that it refunds, or nothing
    body json NOT NULL,
    UNIQUE (merchant_id, slot, key)
);
CREATE INDEX IF NOT EXISTS own_refunds ON own_entries (merchant_id, refunds) WHERE refunds <> '';

CREATE TABLE IF NOT EXISTS own_events (
    event_key text PRIMARY KEY,
    position bigint GENERATED ALWAYS AS IDENTITY,
    account text NOT NULL,
    provider_id text NOT NULL,
    is_waiting boolean NOT NULL,  -- for a message that it may be about
    merchant_id text NOT NULL,  -- of the recipient that it is about, or nothing
    recipient_id text NOT NULL,
    until timestamptz,
    body json NOT NULL  -- the Feedback while it waits or names an address, the HeardFeedback of a recipient
);
CREATE INDEX IF NOT EXISTS own_events_of_recipient ON own_events (merchant_id, recipient_id, position);
CREATE INDEX IF NOT EXISTS own_events_waiting ON own_events (account, provider_id) WHERE is_waiting;
CREATE INDEX IF NOT EXISTS own_events_until ON own_events (until) WHERE until IS NOT NULL;

CREATE TABLE IF NOT EXISTS own_message_names (
    account text NOT NULL,
    provider_id text NOT NULL,
    merchant_id text NOT NULL,
    recipient_id text NOT NULL,
    body json NOT NULL,
    PRIMARY KEY (account, provider_id)
);
CREATE INDEX IF NOT EXISTS own_message_names_of_recipient ON own_message_names (merchant_id, recipient_id);
