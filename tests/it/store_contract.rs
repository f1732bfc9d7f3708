//! What every store promises, case by case. [`store_contract!`] runs all of it against one kind of store:
//!
//! ```ignore
//! async fn make() -> TestStore { … }
//! store_contract!(embedded, make);
//! ```
//!
//! A factory may hand out the same server again and again: every case makes its own identifiers and counts nothing that others
//! may have made. The store must keep [`HISTORY_MAX`] messages in each channel, for ever.

pub mod accounts;
pub mod calls;
pub mod changes;
pub mod counters;
pub mod directs;
pub mod epochs;
pub mod inboxes;
pub mod lease_model;
pub mod leases;
pub mod lobbies;
pub mod log;
pub mod members;
pub mod mesh_model;
pub mod meshes;
pub mod model;
pub mod named_rooms;
pub mod pages;
pub mod presence;
pub mod registry;
pub mod rooms;
pub mod tokens;
pub mod topics;
pub mod vocabulary;

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;

use rialto::store::Store;

/// How many messages of a channel the stores under test keep.
pub const HISTORY_MAX: usize = 256;

/// A store under test.
pub struct TestStore {
    store: Arc<dyn Store>,
    other: Arc<dyn Store>,
    /// Whatever must live as long: servers, folders.
    _guard: Box<dyn Any + Send + Sync>,
}

impl TestStore {
    /// `store` and `other` are two nodes' handles on the same data, or the same one where there can be but one.
    pub fn new(store: Arc<dyn Store>, other: Arc<dyn Store>, guard: impl Any + Send + Sync) -> Self {
        Self { store, other, _guard: Box::new(guard) }
    }

    /// Another node's handle on the same data.
    pub fn other(&self) -> &dyn Store {
        &*self.other
    }

    /// One handle or the other, in turns.
    pub fn either(&self, turn: usize) -> &dyn Store {
        if turn.is_multiple_of(2) { &*self.store } else { &*self.other }
    }
}

impl Deref for TestStore {
    type Target = dyn Store;
    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}

/// Makes a module with a test for each case of the contract, each against a store from `$make().await`.
macro_rules! store_contract {
    ($module:ident, $make:path) => {
        mod $module {
            #[allow(unused_imports, reason = "$make may be a path from the root")]
            use super::*;
            store_contract! { @cases $make;
                accounts:
                    a_name_makes_one_account_however_many_want_it,
                    a_retried_creation_finds_what_it_made,
                    accounts_are_found_by_identifier_and_by_name,
                    a_new_name_frees_the_old_one,
                    of_two_who_want_one_name_one_keeps_the_old,
                    passwords_and_bans_are_kept,
                    a_deleted_account_leaves_nothing,
                    accounts_come_in_pages_by_serial_number,
                    the_clock_is_about_right_and_runs_forward;
                tokens:
                    a_key_lives_until_it_is_revoked_by_its_owner,
                    a_key_expires,
                    a_key_that_is_used_lives_on;
                presence:
                    the_first_arrival_and_the_last_departure_are_announced,
                    many_arrivals_at_once_announce_once,
                    arriving_again_changes_nothing,
                    a_presence_expires,
                    a_renewed_presence_lives_on,
                    a_lost_presence_is_written_anew,
                    a_presence_is_among_the_holdings;
                members:
                    joining_and_leaving_are_announced_once,
                    many_joins_at_once_are_one,
                    large_channels_announce_no_joins,
                    members_are_listed_up_to_a_limit,
                    a_membership_is_among_the_holdings;
                log:
                    fifty_writers_leave_no_gap,
                    a_message_is_kept_byte_for_byte,
                    two_hundred_retries_store_one_message,
                    a_retry_is_answered_with_the_present_form,
                    client_identifiers_are_per_user_and_channel,
                    everything_acknowledged_settles;
                changes:
                    a_change_is_logged_behind_the_newest_message,
                    of_two_changes_from_the_same_form_one_conflicts,
                    what_is_not_there_cannot_be_changed;
                pages:
                    pages_go_both_ways,
                    an_empty_channel_has_an_empty_page,
                    events_take_no_place_in_pages,
                    old_messages_are_trimmed,
                    the_tail_is_what_stands_behind_a_place;
                epochs:
                    an_unused_channel_has_a_lasting_epoch,
                    heads_come_in_the_order_asked_for,
                    what_was_rightly_seen_changes_nothing,
                    a_head_below_what_was_seen_begins_an_epoch,
                    another_message_in_its_place_begins_an_epoch,
                    an_epoch_from_the_future_begins_a_later_one,
                    a_loss_noticed_by_many_begins_one_epoch,
                    a_fresh_channel_goes_above_what_was_known;
                directs:
                    a_direct_channel_appears_once_and_moves_to_the_top,
                    read_marks_only_move_forward,
                    blocks_go_one_way;
                registry:
                    a_node_enters_and_stays,
                    a_node_that_retires_is_gone,
                    one_node_at_a_time_reaps,
                    the_reapers_lease_runs_out,
                    a_silent_node_is_declared_dead_and_buried,
                    a_node_that_speaks_is_not_declared_dead,
                    holdings_are_listed_and_released;
                inboxes:
                    letters_arrive_in_order,
                    a_reader_waits_for_letters,
                    what_was_handed_over_is_trimmed,
                    a_full_inbox_takes_nothing,
                    letters_that_are_too_long_fill_an_inbox_as_well,
                    nobody_writes_to_a_node_that_is_not_there;
                leases:
                    a_room_goes_to_the_first_choice_and_stays,
                    of_many_claimants_all_get_one_holder_and_one_epoch,
                    who_let_the_lease_run_out_is_passed_by,
                    a_renewed_lease_lives_on,
                    a_holder_that_comes_back_late_is_refused,
                    one_that_comes_back_to_its_own_room_is_refused_by_its_old_epoch,
                    a_room_is_handed_over_once,
                    of_many_who_hand_over_one_does,
                    a_released_room_is_free_and_its_next_epoch_is_later,
                    an_epoch_is_later_than_any_the_claimant_has_seen,
                    a_node_finds_the_rooms_it_holds;
                lease_model:
                    a_lease_behaves_like_its_model;
                calls:
                    a_call_is_as_it_was_told_last_and_ends,
                    a_call_of_which_nothing_is_told_any_more_is_forgotten;
                rooms:
                    a_room_is_made_once_and_used_from_everywhere,
                    an_unused_room_goes_with_what_was_said_in_it,
                    a_room_that_is_used_stays,
                    a_lost_room_that_people_are_in_is_written_anew,
                    where_users_count_only_first_and_last_sessions_are_announced,
                    of_many_sessions_that_end_at_once_one_is_the_last;
                meshes:
                    a_newcomer_is_told_who_came_before_it,
                    of_any_two_who_enter_at_once_exactly_one_is_told_of_the_other,
                    entering_again_changes_nothing,
                    a_full_mesh_lets_nobody_in,
                    a_lost_peer_is_written_anew_behind_the_others,
                    a_place_in_a_mesh_is_among_the_holdings;
                mesh_model:
                    a_mesh_behaves_like_its_model;
                named_rooms:
                    a_named_room_is_found_once_from_everywhere,
                    a_room_takes_no_more_guests_than_its_limit,
                    a_guests_identifier_is_in_a_room_once,
                    guests_come_are_renamed_and_go,
                    a_room_goes_unless_it_is_kept,
                    public_rooms_are_listed,
                    a_later_room_under_the_same_slug_is_another;
                lobbies:
                    of_many_who_change_a_room_at_once_one_does,
                    a_room_that_is_gone_leaves_nothing_and_its_revisions_are_not_given_again,
                    a_room_is_due_when_it_is_listed_and_taken_by_one,
                    those_that_all_may_see_are_listed,
                    what_is_noted_of_a_client_is_known_everywhere_and_ends,
                    an_account_has_bounds;
                counters:
                    events_are_counted_within_their_window,
                    counters_are_shared_and_can_be_forgotten,
                    the_first_secret_offered_wins,
                    the_store_answers;
                topics:
                    news_reach_those_who_subscribed,
                    nothing_comes_after_unsubscribing,
                    a_probe_comes_back,
                    news_keep_their_order;
                model:
                    a_log_behaves_like_its_model;
            }
        }
    };
    (@cases $make:path; $($area:ident: $($case:ident),+;)+) => {$(
        mod $area {
            #[allow(unused_imports, reason = "$make may be a path from the root")]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    $crate::store_contract::$area::$case($make().await).await;
                }
            )+
        }
    )+};
}
