/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The calls of supervise.h: each is a spawn, or one ask. Any thread. */
#include "base/sized.h"
#include "supervise/protocol.h"
#include "supervise/supervisor.h"
#include "supervise/text.h"

#include <string.h>

AIRI_KIND_DATA(airt_health_check, 1, number)
AIRI_KIND_DATA(airt_health_report, 1, number, wellness)

/* In a handler the caller's child, outside a root. */
airt_status(airt_supervise_tree_sized)(airt_from from, airt_ref *out_supervisor, const airt_tree *tree,
                                       size_t tree_size, size_t child_size)
{
    airi_shape                   shape = { tree_size, child_size };
    bool                         inside = (airt_from_ctx)(from) != NULL;
    struct airi_supervisor_start start;
    airt_spawn_options           options = { .child = inside, .link = inside, .start_within_ms = UINT32_MAX };
    airt_ref                     ref = AIRT_NONE;
    airt_status                  status = airt_tree_check_sized(tree, tree_size, child_size, NULL);

    if (status == AIRT_OK)
        status = airi_tree_copy(from, tree, &shape, &start);
    if (status != AIRT_OK)
        return status;
    start.root = !inside;
    options.name = start.tree.name;
    options.mailbox.max = AIRT_UNBOUNDED; /* health reports of all children may come at once */
    options.start = (airt_body){ &airi_supervisor_start_kind, &start }; /* moved, whatever comes */
    status = (airt_spawn_behavior)(from, &airi_supervisor_behavior, &ref, &options);
    if (status == AIRT_OK)
        *out_supervisor = ref;
    return status;
}

/* --- asks --------------------------------------------------------------------------------------------------------- */

static airt_status answered(airt_status status, const struct airi_sup_done *done, airt_ref *out_ref)
{
    if (status == AIRT_OK)
        status = (airt_status)done->status;
    if (out_ref != NULL && (status == AIRT_OK || status == AIRT_EEXIST))
        *out_ref = done->ref;
    return status;
}

static airt_str text_of(const char *text)
{
    return (airt_str){ text, text != NULL ? strlen(text) + 1 : 0 };
}

airt_status(airt_supervisor_start_child_sized)(airt_from from, airt_ref supervisor, const airt_child *spec,
                                               size_t child_size, airt_duration within, airt_ref *out_ref)
{
    airi_shape            shape = { sizeof(airt_tree), child_size };
    struct airi_sup_start body = { NULL };
    struct airi_sup_done  done = { 0 };
    airt_status           status = AIRT_OK;

    if (spec != NULL) {
        airt_child child = airi_child_read(spec, 0, &shape);

        status = airi_child_check(&child, &shape, NULL);
        if (status == AIRT_OK)
            status = airi_spec_copy(from, &child, &shape, &body.spec);
    }
    if (status == AIRT_OK)
        status = (airt_ask_body)(from, supervisor, &airi_sup_start_kind, &body, within, &airi_sup_done_kind, &done,
                                 sizeof done);
    return answered(status, &done, out_ref);
}

/* Whom, and how long. */
typedef struct asking {
    airt_from     from;
    airt_ref      supervisor;
    airt_duration within;
} asking;

static airt_status do_it(const asking *ask, const struct airi_sup_do *body, airt_ref *out_ref)
{
    struct airi_sup_done done = { 0 };
    airt_status          status = (airt_ask_body)(ask->from, ask->supervisor, &airi_sup_do_kind, body, ask->within,
                                         &airi_sup_done_kind, &done, sizeof done);

    return answered(status, &done, out_ref);
}

static struct airi_sup_do request(airi_sup_what what, airt_child_key key)
{
    return (struct airi_sup_do){ .what = what, .id = text_of(key.id), .ref = key.ref };
}

airt_status(airt_supervisor_stop_child)(airt_from from, airt_ref supervisor, airt_child_key key, airt_duration within)
{
    struct airi_sup_do body = request(AIRI_SUP_STOP, key);

    return do_it(&(asking){ from, supervisor, within }, &body, NULL);
}

airt_status(airt_supervisor_restart_child)(airt_from from, airt_ref supervisor, airt_child_key key,
                                           airt_duration within, airt_ref *out_ref)
{
    struct airi_sup_do body = request(AIRI_SUP_RESTART, key);

    return do_it(&(asking){ from, supervisor, within }, &body, out_ref);
}

airt_status(airt_supervisor_delete_child)(airt_from from, airt_ref supervisor, airt_child_key key, airt_duration within)
{
    struct airi_sup_do body = request(AIRI_SUP_DELETE, key);

    return do_it(&(asking){ from, supervisor, within }, &body, NULL);
}

airt_status(airt_supervisor_set_auto_shutdown)(airt_from from, airt_ref supervisor, airt_auto_shutdown rule,
                                               airt_duration within)
{
    struct airi_sup_do body = { .what = AIRI_SUP_SET_AUTO, .rule = (uint32_t)rule };

    return do_it(&(asking){ from, supervisor, within }, &body, NULL);
}

/* key: NULL: all of them. */
static airt_status look(const asking *ask, const airt_child_key *key, struct airi_sup_seen *out)
{
    struct airi_sup_look body = { .one = key != NULL };
    airt_status          status;

    if (key != NULL) {
        body.id = text_of(key->id);
        body.ref = key->ref;
    }
    status = (airt_ask_body)(ask->from, ask->supervisor, &airi_sup_look_kind, &body, ask->within, &airi_sup_seen_kind,
                             out, sizeof *out);
    if (status == AIRT_OK && out->status != AIRT_OK) {
        status = (airt_status)out->status;
        (airt_answer_clear_body)(ask->from, &airi_sup_seen_kind, out);
    }
    return status;
}

static const airt_child_info *infos_of(const struct airi_sup_seen *seen)
{
    return (const airt_child_info *)(const void *)seen->infos.at;
}

static size_t infos_count(const struct airi_sup_seen *seen)
{
    return seen->infos.size / sizeof(airt_child_info);
}

airt_status(airt_supervisor_find_child)(airt_from from, airt_ref supervisor, airt_child_key key, airt_duration within,
                                        airt_child_info *out_info)
{
    struct airi_sup_seen seen = { 0 };
    airt_status          status = look(&(asking){ from, supervisor, within }, &key, &seen);

    if (status == AIRT_OK) {
        *out_info = infos_of(&seen)[0];
        (airt_answer_clear_body)(from, &airi_sup_seen_kind, &seen);
    }
    return status;
}

airt_status(airt_supervisor_count)(airt_from from, airt_ref supervisor, airt_duration within,
                                   airt_child_counts *out_counts)
{
    struct airi_sup_seen seen = { 0 };
    airt_status          status = look(&(asking){ from, supervisor, within }, NULL, &seen);

    if (status == AIRT_OK) {
        *out_counts = (airt_child_counts){ seen.specs, seen.active, seen.supervisors, seen.workers, seen.restarting };
        (airt_answer_clear_body)(from, &airi_sup_seen_kind, &seen);
    }
    return status;
}

airt_status(airt_supervisor_list)(airt_from from, airt_ref supervisor, airt_duration within, airt_child_info *infos,
                                  size_t max, size_t *out_count)
{
    struct airi_sup_seen seen = { 0 };
    airt_status          status = look(&(asking){ from, supervisor, within }, NULL, &seen);
    size_t               count;

    if (status != AIRT_OK)
        return status;
    count = infos_count(&seen);
    if (count != 0 && max != 0)
        memcpy(infos, infos_of(&seen), (count < max ? count : max) * sizeof infos[0]);
    *out_count = count;
    (airt_answer_clear_body)(from, &airi_sup_seen_kind, &seen);
    return AIRT_OK;
}

/* --- the running tree --------------------------------------------------------------------------------------------- */

typedef struct picture {
    airt_from     from;
    airt_duration within;
    airi_text     text;
} picture;

static void put_line(airi_text *to, const airt_child_info *info, unsigned depth)
{
    airi_put(to, "%*s%s%s  %s, %u restart%s\n", (int)(2 * depth), "", info->id, info->supervisor ? "/" : "",
             airt_child_state_text(info->state), (unsigned)info->restarts, info->restarts == 1 ? "" : "s");
}

static airt_status draw(picture *p, airt_ref supervisor, unsigned depth)
{
    struct airi_sup_seen seen = { 0 };
    airt_status          status = look(&(asking){ p->from, supervisor, p->within }, NULL, &seen);

    if (status != AIRT_OK)
        return status;
    for (size_t i = 0; i < infos_count(&seen) && status == AIRT_OK; i++) {
        const airt_child_info *info = &infos_of(&seen)[i];

        put_line(&p->text, info, depth);
        if (info->supervisor && info->state == AIRT_CHILD_RUNNING)
            status = draw(p, info->ref, depth + 1);
    }
    (airt_answer_clear_body)(p->from, &airi_sup_seen_kind, &seen);
    return status;
}

airt_status(airt_supervisor_print)(airt_from from, airt_ref supervisor, airt_duration within, char *out, size_t size,
                                   size_t *out_length)
{
    picture     p = { from, within, airi_text_of(out, size) };
    airt_status status = draw(&p, supervisor, 0);

    *out_length = p.text.length;
    return status;
}
