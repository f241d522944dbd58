//! The use cases, one file each: authorise, act, change, answer.
//!
//! A use case that changes something is a plain function over a [`MerchantTransaction`]: it reads,
//! decides, writes, and knows nothing of threads, retries or wire formats. [`Service::mutate`] runs
//! it in the next commit, together with the record for replays. Deciding never touches a store
//! ([`Service::decide`]).
//!
//! Deliberately not here: HTTP, SQL, and any reading of the time or of randomness.
//!
//! [`MerchantTransaction`]: interdict_storage::MerchantTransaction

mod advance_clock;
mod app;
mod ask_gateway;
mod audit_page;
mod authenticate;
mod authorize_payment;
mod block_person;
mod blocked_attempts;
mod caller;
mod change_password;
mod change_settings;
mod compare_with_feed;
mod compare_with_store;
mod create_checkout;
mod create_customer;
mod create_key;
mod create_merchant;
mod create_payment;
mod create_user;
mod customer_identifiers;
mod decide_batch;
mod decide_charge;
mod decide_payment;
mod decide_proposal;
mod decision_log;
mod directory;
mod disable_user;
mod entry_csv;
mod entry_ndjson;
mod erase_customer;
mod erase_person;
mod error;
mod export_customer;
mod export_entries;
mod file_rows;
mod follow_import;
mod formula_safe;
mod freshness;
mod gateways;
mod good_customers;
mod hear_stripe;
mod hits;
mod hold_identifier;
mod import_entries;
mod import_errors;
mod import_files;
mod import_jobs;
mod import_pace;
mod import_row;
mod index_feed;
mod invite_user;
mod keys_by_user;
mod lapse_exemptions;
mod lift_person;
mod limiter;
mod list_customer;
mod list_entry;
mod look_up;
mod manage_subscription;
mod mutate;
mod new_import;
mod note_entry;
mod noticed;
mod origin;
mod overridden;
mod password_hash;
mod pay;
mod pay_checkout;
mod payment_error;
mod payment_method;
mod person_error;
mod phone_regions;
mod pieces;
mod plans;
mod preview_entry;
mod propose_entry;
mod provider_lists;
mod record_chargeback;
mod record_ends;
mod recover_payments;
mod renew_subscriptions;
mod renewal_report;
mod replay_decision;
mod reports;
mod restrict_customer;
mod reverse_payment;
mod rotate_pepper;
mod sandbox_ledger;
mod score_transaction;
mod second_factor;
mod secret_token;
mod service;
mod sessions;
mod set_gateway;
mod set_list_status;
mod set_password;
mod settle_payment;
mod settle_subscription;
mod settle_suggestion;
mod sign_in;
#[cfg(feature = "oidc")]
mod sign_in_by_oidc;
mod standing;
mod subscribe;
mod team;
mod tokens;
mod trim_feed;
mod undo_change;
mod undo_import;
mod unlist_customer;
mod unlist_entry;
mod update_customer;
mod update_entry;
mod user_error;
mod vault;
mod weigh_person;

/// The words of a decision, for those who answer with one.
pub mod decision {
    pub use interdict_decision::explanation::{
        Counted, CountedCustomer, ExplainedLookup, ExplainedTier, NotCounted, PassedOver,
    };
    pub use interdict_decision::order::ORDER;
    pub use interdict_decision::{
        Code, DecideError, Decision, Explanation, Outcome, Source, SourceKind, Sources, Statistics, Tier,
        Value,
    };
}

pub use advance_clock::{ADVANCE_S_MAX, advance_clock};
pub use app::{App, AppOptions, DataPlace, MAX_STALENESS, OpenError};
/// Why a gateway gave no answer.
pub mod gateway {
    pub use interdict_gateway::GatewayError;
    pub use interdict_gateway::stripe::PublishableKey;
}

/// An issuer of OpenID Connect, at which people sign in.
#[cfg(feature = "oidc")]
pub mod oidc {
    pub use interdict_oidc::{Fault, Provider, ProviderError, ProviderOptions, SetupError};

    pub use crate::sign_in_by_oidc::{Arrival, CameBack, KEPT_S, OidcError, SetOut, Visit};
}

/// What the use cases take and give that is the store's.
pub mod store {
    pub use interdict_storage::{
        AttemptCount, AttemptOutcome, Authorship, COMMIT_BOUNDS_US, ChangeFilter, Counted, CustomerFilter,
        Durability, EntryFilter, EntryRow, Erased, Foreseen, GatewayAccount, HistoryItem, LedgerEntry,
        LeftPosition, MerchantTransaction, MerchantView, NodePlace, Note, NumberedRows, PageRequest,
        PartDone, PaymentFilter, PersonFilter, PostgresServer, ProviderEvent, Recorded, Retained, RowLeft,
        Score, SearchState, StorageError, StoreStatus, Totals, Trimmed, Trimming, UserAccount, View,
        WriteError, day_of, keep_aside,
    };
}

pub use ask_gateway::{Ask, AskError};
pub use audit_page::{AUDIT_PAGE_MAX, AuditItem, AuditPage, AuditPosition, AuditPositionError};
pub use authenticate::AuthenticateError;
pub use authorize_payment::{authorize_payment, complete_action};
pub use block_person::{
    BlockedRow, LeftOut, NamedIdentifier, NewPersonBlock, PersonEntry, PersonRow, block_person, extend_person,
};
pub use blocked_attempts::{Attempted, BlockedAttempt};
pub use caller::{Caller, Shown};
pub use change_settings::{ORIGINS_MAX, OutageUpdate, SettingsUpdate, change_settings};
pub use compare_with_feed::FeedComparison;
pub use compare_with_store::{CompareError, Comparison, Comparisons};
pub use create_checkout::{CheckoutFor, MadeCheckout, NewCheckout, create_checkout, token_digest};
pub use create_customer::create_customer;
pub use create_key::{NewKey, NewKeyOptions, revoke_key, rotate_key};
pub use create_merchant::{MerchantKeys, NewMerchant};
pub use create_payment::{NewPayment, create_payment};
pub use create_user::{NewUser, create_user};
pub use customer_identifiers::CustomerIdentifiers;
pub use decide_batch::Sitting;
pub use decide_charge::{NEUTRAL_MESSAGE, block_code};
pub use decide_payment::{DecidePaymentError, PaymentAttempt, Presented};
pub use decide_proposal::{ProposalError, approve_proposal, refuse_proposal};
pub use decision_log::{DecisionLogOptions, DecisionLogStatus, Judged, LoggedDecision, LoggedFilter};
pub use disable_user::{disable_user, enable_user};
pub use erase_customer::{Forgotten, erase_customer, erase_forgotten_customer};
pub use erase_person::{Erasable, ErasePersonError, ErasePlan, ErasedPerson, erase_identifier};
pub use error::UseCaseError;
pub use export_customer::ExportCustomerError;
pub use export_entries::{Export, ExportError};
pub use file_rows::FileRows;
pub use gateways::{NoGateway, StripeAddress};
pub use good_customers::{GOOD_DAYS, GOOD_PAYMENTS, REFUSED_DAYS, RefusedCustomer, RefusedCustomers};
pub use hear_stripe::HearError;
pub use import_entries::{ImportRunError, ImportWatch};
pub use import_errors::ToldRow;
pub use import_files::{FILE_BYTES_MAX, Upload, UploadError};
pub use import_jobs::IMPORT_FILES_KEPT_S;
pub use import_row::{BadRow, FileError, ROW_BYTES_MAX, ROWS_MAX, ReadRow, RowDefaults};
pub use invite_user::{Invitation, SecondFactorAfterReset};
pub use keys_by_user::{NewKeyOfUser, OVERLAP_S_MAX};
pub use lift_person::{KeptFor, LiftedPerson, lift_person};
pub use limiter::{Limiter, Network};
pub use list_customer::{ListedCustomer, list_customer};
pub use list_entry::{ENDS_BEFORE_IT_BEGINS, NewEntry, keys_of_standing, list_entry};
pub use look_up::{FoundBy, LookedUp, LookedUpCustomer, LookedUpIdentifier, Match};
pub use manage_subscription::{cancel_subscription, pause_subscription, resume_subscription};
pub use mutate::{Answer, MutateError, Mutated, Refusal, Replayable};
pub use new_import::{ImportError, NewImport};
pub use note_entry::note_entry;
pub use noticed::NoticedCounts;
pub use origin::{is_origin, origin_of};
pub use overridden::overriding;
pub use password_hash::{HashError, PasswordHash, readable_password};
pub use pay::{Begun, Paid, ShowPaid};
pub use pay_checkout::{CheckoutPayment, pay_checkout};
pub use payment_error::PaymentError;
pub use person_error::{PersonError, Place};
pub use pieces::{Uploading, in_pieces};
pub use plans::{NewPlan, PlanUpdate, archive_plan, create_plan, update_plan};
pub use preview_entry::{
    AtLeast, EntryPreview, PREVIEW_DAYS, PREVIEW_SAMPLES, PREVIEWED_MAX, PreviewedAttempt, PreviewedAttempts,
};
pub use propose_entry::{Put, Weight, put_entry, put_update};
pub use provider_lists::{ListReport, MirrorCounts, MirrorReport, MirrorState, choose_mirroring};
pub use record_chargeback::{NewChargeback, RecordedChargeback, record_chargeback, reverse_chargeback};
pub use recover_payments::RecoverError;
pub use renew_subscriptions::RenewError;
pub use renewal_report::{RenewalCounts, Renewed};
pub use replay_decision::{ReplayError, Replayed};
pub use reports::{Ends, ReportError, ReportFile, ended, ending, never_matched};
pub use restrict_customer::{RestrictionUpdate, restrict_customer};
pub use reverse_payment::reverse_payment;
pub use rotate_pepper::{
    PepperRotation, RotatePepperError, RotatedPepper, RotationStanding, rotation_standing,
};
pub use score_transaction::{NewScore, Verdict, score_transaction};
pub use second_factor::Enrolment;
pub use secret_token::SecretToken;
pub use service::{Readiness, Service};
pub use sessions::SignedIn;
pub use set_gateway::{GatewayUpdate, set_gateway};
pub use set_list_status::{NewListStatus, clear_list_status, set_list_status};
pub use set_password::set_password;
pub use settle_suggestion::{accept_suggestion, refuse_suggestion};
pub use sign_in::{SessionToken, SignIn, SignInError};
pub use standing::{Standing, StandingSource};
pub use subscribe::{NewSubscription, subscribe};
pub use tokens::{Token, TokenError};
pub use undo_change::{Undone, is_undoable, newest_to_undo, undo_change};
pub use undo_import::{CHANGED_SINCE_MAX, UndoneImport};
pub use unlist_customer::{UnlistError, unlist_customer};
pub use unlist_entry::unlist_entry;
pub use update_customer::{ProfileUpdate, update_customer};
pub use update_entry::{EntryUpdate, update_entry};
pub use user_error::UserError;
pub use weigh_person::{PersonWeights, weighed};
