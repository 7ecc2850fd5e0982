/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Prints what a program of this version has compiled in: where every field lies, what every enumerator is worth, how
 * large that is which cannot grow. Each line must be printed alike with the newest headers. */
#include <airt/airt.h>
#include <stdio.h>

#define FIELD(type, field)                                                                                             \
    printf(#type "." #field " at %zu, %zu bytes\n", offsetof(type, field), sizeof(((type *)0)->field));
#define SIZE(type) printf(#type " has %zu bytes\n", sizeof(type));
#define VALUE(name) printf(#name " is %d\n", (int)(name));
#define FIRST(name, ...) VALUE(name)
#define ALLOCATION(name, text) VALUE(AIRT_ALLOCATION_##name)

/* What may grow at the tail: by its fields alone. */
#define GROWING(F)                                                                                                     \
    F(airt_spawn_options, name)                                                                                        \
    F(airt_spawn_options, start)                                                                                       \
    F(airt_spawn_options, mailbox)                                                                                     \
    F(airt_spawn_options, turn_max)                                                                                    \
    F(airt_spawn_options, stash_max)                                                                                   \
    F(airt_spawn_options, start_within_ms)                                                                             \
    F(airt_spawn_options, link)                                                                                        \
    F(airt_spawn_options, monitor)                                                                                     \
    F(airt_spawn_options, child)                                                                                       \
    F(airt_spawn_options, notify_start)                                                                                \
    F(airt_send_options, priority)                                                                                     \
    F(airt_send_options, ttl_ms)                                                                                       \
    F(airt_send_options, trace)                                                                                        \
    F(airt_send_options, wait)                                                                                         \
    F(airt_actor_info, state)                                                                                          \
    F(airt_actor_info, incarnation)                                                                                    \
    F(airt_actor_info, queued)                                                                                         \
    F(airt_actor_info, handled)                                                                                        \
    F(airt_actor_info, started_ns)                                                                                     \
    F(airt_actor_info, last_message_ns)                                                                                \
    F(airt_actor_info, behavior)                                                                                       \
    F(airt_failure, status)                                                                                            \
    F(airt_failure, code)                                                                                              \
    F(airt_failure, chain_count)                                                                                       \
    F(airt_failure, chain)                                                                                             \
    F(airt_failure, text)                                                                                              \
    F(airt_behavior, struct_size)                                                                                      \
    F(airt_behavior, state_size)                                                                                       \
    F(airt_behavior, name)                                                                                             \
    F(airt_behavior, receive)                                                                                          \
    F(airt_behavior, kinds)                                                                                            \
    F(airt_behavior, otherwise)                                                                                        \
    F(airt_behavior, placement)                                                                                        \
    F(airt_behavior, pinned)                                                                                           \
    F(airt_dead_letter, reason)                                                                                        \
    F(airt_dead_letter, from)                                                                                          \
    F(airt_dead_letter, to)                                                                                            \
    F(airt_dead_letter, kind)                                                                                          \
    F(airt_dead_letter, body)                                                                                          \
    F(airt_report, kind)                                                                                               \
    F(airt_report, who)                                                                                                \
    F(airt_report, behavior)                                                                                           \
    F(airt_report, message)                                                                                            \
    F(airt_report, status)                                                                                             \
    F(airt_report, ns)                                                                                                 \
    F(airt_report, text)                                                                                               \
    F(airt_recorder, context)                                                                                          \
    F(airt_recorder, accepted)                                                                                         \
    F(airt_recorder, begun)                                                                                            \
    F(airt_recorder, refused)                                                                                          \
    F(airt_recorder, dead)                                                                                             \
    F(airt_recorder, state)                                                                                            \
    F(airt_system_options, world)                                                                                      \
    F(airt_system_options, workers)                                                                                    \
    F(airt_system_options, workers_spare_max)                                                                          \
    F(airt_system_options, blocking_max)                                                                               \
    F(airt_system_options, dedicated_max)                                                                              \
    F(airt_system_options, actors_max)                                                                                 \
    F(airt_system_options, stacks_max)                                                                                 \
    F(airt_system_options, stack_bytes)                                                                                \
    F(airt_system_options, turn_us)                                                                                    \
    F(airt_system_options, stuck_ms)                                                                                   \
    F(airt_system_options, abandoned_max)                                                                              \
    F(airt_system_options, foreign_loop)                                                                               \
    F(airt_system_options, recorder)                                                                                   \
    F(airt_system_options, dead_letter)                                                                                \
    F(airt_system_options, dead_letter_context)                                                                        \
    F(airt_system_options, report)                                                                                     \
    F(airt_system_options, report_context)                                                                             \
    F(airt_system_stats, accepted)                                                                                     \
    F(airt_system_stats, handled)                                                                                      \
    F(airt_system_stats, in_work)                                                                                      \
    F(airt_system_stats, queued)                                                                                       \
    F(airt_system_stats, dead)                                                                                         \
    F(airt_system_stats, refused)                                                                                      \
    F(airt_system_stats, late_replies)                                                                                 \
    F(airt_system_stats, spawned)                                                                                      \
    F(airt_system_stats, stopped)                                                                                      \
    F(airt_system_stats, failed)                                                                                       \
    F(airt_system_stats, restarts)                                                                                     \
    F(airt_system_stats, actors)                                                                                       \
    F(airt_system_stats, abandoned)                                                                                    \
    F(airt_system_stats, turns)                                                                                        \
    F(airt_system_stats, steals)                                                                                       \
    F(airt_system_stats, parks)                                                                                        \
    F(airt_system_stats, wakes)                                                                                        \
    F(airt_system_stats, awaits)                                                                                       \
    F(airt_system_stats, switches)                                                                                     \
    F(airt_system_stats, stacks)                                                                                       \
    F(airt_system_stats, stacks_max)                                                                                   \
    F(airt_system_stats, timers_armed)                                                                                 \
    F(airt_system_stats, timers_fired)                                                                                 \
    F(airt_system_stats, bytes)                                                                                        \
    F(airt_system_stats, workers)                                                                                      \
    F(airt_system_stats, workers_stuck)                                                                                \
    F(airt_sim_options, seed)                                                                                          \
    F(airt_sim_options, start_ns)                                                                                      \
    F(airt_sim_options, cores)                                                                                         \
    F(airt_sim_options, layout)                                                                                        \
    F(airt_fault_options, nth)                                                                                         \
    F(airt_fault_options, onwards)                                                                                     \
    F(airt_fault_options, sites)

/* What lies inside of something else, stands in arrays, or is sent: its size too. */
#define FROZEN(S)                                                                                                      \
    S(airt_ref)                                                                                                        \
    S(airt_call)                                                                                                       \
    S(airt_timer)                                                                                                      \
    S(airt_duration)                                                                                                   \
    S(airt_str)                                                                                                        \
    S(airt_bytes)                                                                                                      \
    S(airt_blob)                                                                                                       \
    S(airt_body)                                                                                                       \
    S(airt_from)                                                                                                       \
    S(airt_field)                                                                                                      \
    S(airt_kind)                                                                                                       \
    S(airt_mailbox_options)                                                                                            \
    S(struct airt_reason)                                                                                              \
    S(struct airt_down)                                                                                                \
    S(struct airt_exited)                                                                                              \
    S(struct airt_stopping)                                                                                            \
    S(struct airt_failed)                                                                                              \
    S(struct airt_started)

#define FROZEN_FIELDS(F)                                                                                               \
    F(airt_str, size)                                                                                                  \
    F(airt_bytes, size)                                                                                                \
    F(airt_blob, at)                                                                                                   \
    F(airt_blob, size)                                                                                                 \
    F(airt_body, body)                                                                                                 \
    F(airt_field, nested)                                                                                              \
    F(airt_field, type)                                                                                                \
    F(airt_field, offset)                                                                                              \
    F(airt_field, size)                                                                                                \
    F(airt_field, count)                                                                                               \
    F(airt_kind, size)                                                                                                 \
    F(airt_kind, version)                                                                                              \
    F(airt_kind, flags)                                                                                                \
    F(airt_kind, field_count)                                                                                          \
    F(airt_kind, fields)                                                                                               \
    F(airt_kind, drop)                                                                                                 \
    F(airt_mailbox_options, bytes_max)                                                                                 \
    F(airt_mailbox_options, overflow)                                                                                  \
    F(airt_mailbox_options, ttl_ms)                                                                                    \
    F(airt_mailbox_options, wait_ms)                                                                                   \
    F(airt_reason, status)                                                                                             \
    F(airt_reason, code)                                                                                               \
    F(airt_reason, origin)                                                                                             \
    F(struct airt_down, incarnation)                                                                                   \
    F(struct airt_down, reason)                                                                                        \
    F(struct airt_exited, incarnation)                                                                                 \
    F(struct airt_exited, reason)                                                                                      \
    F(struct airt_stopping, started)                                                                                   \
    F(struct airt_failed, restarts)                                                                                    \
    F(struct airt_started, status)

int main(void)
{
    GROWING(FIELD)
    FROZEN(SIZE)
    FROZEN_FIELDS(FIELD)
    AIRT_STATUS_TABLE(FIRST)
    AIRT_EXIT_TABLE(FIRST)
    AIRT_DEAD_LETTER_TABLE(FIRST)
    AIRT_ALLOCATION_TABLE(ALLOCATION)
    VALUE(AIRT_LETTERS_MAX)
    VALUE(AIRT_REFUSE)
    VALUE(AIRT_DROP_NEW)
    VALUE(AIRT_DROP_OLD)
    VALUE(AIRT_WAIT)
    VALUE(AIRT_NORMAL)
    VALUE(AIRT_LOW)
    VALUE(AIRT_HIGH)
    VALUE(AIRT_CRITICAL)
    VALUE(AIRT_POOLED)
    VALUE(AIRT_BLOCKING)
    VALUE(AIRT_DEDICATED)
    VALUE(AIRT_STATE_STARTING)
    VALUE(AIRT_STATE_RUNNING)
    VALUE(AIRT_STATE_RESTARTING)
    VALUE(AIRT_STATE_STOPPING)
    VALUE(AIRT_STATE_STOPPED)
    VALUE(AIRT_STATE_FAILED)
    VALUE(AIRT_REPORT_STUCK)
    VALUE(AIRT_REPORT_UNSTUCK)
    VALUE(AIRT_REPORT_ABANDONED)
    VALUE(AIRT_REPORT_FAILED)
    VALUE(AIRT_REPORT_ESCALATED)
    VALUE(AIRT_REPORT_LEAK)
    VALUE(AIRT_FIELD_BOOL)
    VALUE(AIRT_FIELD_NESTED)
    VALUE(AIRI_KIND_VIEWS)
    VALUE(AIRI_KIND_BLOBS)
    VALUE(AIRI_KIND_LOCAL)
    return 0;
}
