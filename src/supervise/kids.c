/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A supervisor's records of its children: made in chunks, found by id or ref, spawned. */
#include "supervise/supervisor.h"

#include <stdio.h>
#include <string.h>

enum {
    CHUNK = 63
};

static bool chunk_add(airi_supervisor *self)
{
    airi_kid *kids = airt_alloc(self->ctx, CHUNK * sizeof *kids);

    for (unsigned i = 0; kids != NULL && i < CHUNK; i++) {
        kids[i].link.next = self->spare;
        self->spare = &kids[i].link;
    }
    return kids != NULL;
}

airi_kid *airi_kid_new(airi_supervisor *self, const struct airi_spec *spec, uint32_t number)
{
    airi_kid *kid;

    if (self->spare == NULL && !chunk_add(self))
        return NULL;
    kid = airi_kid_at(self->spare);
    self->spare = kid->link.next;
    *kid = (airi_kid){ .spec = spec, .number = number };
    airi_list_push_back(&self->kids, &kid->link);
    self->kid_count++;
    return kid;
}

void airi_kid_free(airi_supervisor *self, airi_kid *kid)
{
    if (kid == NULL)
        return;
    airi_kid_unmark(self, kid, AIRI_TO_STOP | AIRI_TO_START);
    airi_timed_remove(kid);
    airi_suspects_clear(self, kid);
    if (self->stop_at == &kid->link) /* cursors step aside, to where they would go next */
        self->stop_at = kid->link.prev;
    if (self->start_at == &kid->link)
        self->start_at = kid->link.next;
    airi_list_remove(&kid->link);
    kid->link.next = self->spare;
    self->spare = &kid->link;
    self->kid_count--;
}

void airi_kid_mark(airi_supervisor *self, airi_kid *kid, uint8_t marks)
{
    uint8_t added = (uint8_t)(marks & ~kid->marks);

    kid->marks |= marks;
    if (added & AIRI_TO_STOP) {
        self->to_stop++;
        self->stop_at = NULL;
    }
    if (added & AIRI_TO_START) {
        self->to_start++;
        self->start_at = NULL;
    }
}

void airi_kid_unmark(airi_supervisor *self, airi_kid *kid, uint8_t marks)
{
    uint8_t gone = (uint8_t)(marks & kid->marks);

    kid->marks &= (uint8_t)~marks;
    self->to_stop -= (gone & AIRI_TO_STOP) != 0;
    self->to_start -= (gone & AIRI_TO_START) != 0;
}

bool airi_kid_active(const airi_kid *kid)
{
    return kid->is == AIRI_IS_STARTING || kid->is == AIRI_IS_UP || kid->is == AIRI_IS_STOPPING;
}

/* "cache", or of several "cache.2". */
static bool has_id(const airi_kid *kid, const char *id)
{
    const char *own = kid->spec->child.id;
    size_t      size = strlen(own);
    char        number[16];

    if (kid->number <= 1)
        return strcmp(own, id) == 0;
    (void)snprintf(number, sizeof number, ".%u", (unsigned)kid->number);
    return strncmp(own, id, size) == 0 && strcmp(id + size, number) == 0;
}

/* By ref at once. By id it walks them, which is for people and tables: of what comes and goes by the thousand a dynamic
 * supervisor takes care, whose children have refs only. */
airi_kid *airi_kid_find(airi_supervisor *self, const char *id, airt_ref ref)
{
    uint64_t tag = 0;

    if (!airt_ref_none(ref))
        return airt_child_tag(self->ctx, ref, &tag) == AIRT_OK ? (airi_kid *)(uintptr_t)tag : NULL;
    if (id == NULL || airi_dynamic(self)) /* there all have one */
        return NULL;
    AIRI_LIST_EACH (link, &self->kids)
        if (has_id(airi_kid_at(link), id))
            return airi_kid_at(link);
    return NULL;
}

static const char *name_of(const airi_kid *kid, const char *name, char *room, size_t size)
{
    if (name == NULL || kid->number <= 1)
        return name;
    (void)snprintf(room, size, "%s.%u", name, (unsigned)kid->number);
    return room;
}

static airt_status spawn_below(airi_supervisor *self, airi_kid *kid, airt_spawn_options *options)
{
    struct airi_supervisor_start start;
    char                         room[AIRT_NAME_MAX + 16];
    airt_status                  status = airi_tree_again((airt_from){ .ctx = self->ctx }, kid->spec->tree, &start);

    if (status != AIRT_OK)
        return status;
    if (start.tree.on_event == NULL) {
        start.tree.on_event = airi_tree_of(self)->on_event;
        start.tree.on_event_context = airi_tree_of(self)->on_event_context;
    }
    options->start = (airt_body){ &airi_supervisor_start_kind, &start }; /* moved, whatever comes */
    if (options->mailbox.max == 0)
        options->mailbox.max = AIRT_UNBOUNDED; /* health reports of all children may come at once */
    if (options->name == NULL)
        options->name = name_of(kid, start.tree.name, room, sizeof room);
    return airt_spawn_behavior(self->ctx, &airi_supervisor_behavior, &kid->ref, options);
}

airt_status airi_kid_spawn(airi_supervisor *self, airi_kid *kid, const airt_body *start, const char *name)
{
    const airt_child  *child = &kid->spec->child;
    char               room[AIRT_NAME_MAX + 16];
    airt_spawn_options options = { .name = name_of(kid, name, room, sizeof room),
                                   .start = *start,
                                   .mailbox = child->mailbox,
                                   .turn_max = child->turn_max,
                                   .stash_max = child->stash_max,
                                   .tag = (uint64_t)(uintptr_t)kid,
                                   .memory_max = child->memory_max,
                                   .supervised = true,
                                   .asks_fail = child->asks_fail };

    if (kid->spec->tree != NULL)
        return spawn_below(self, kid, &options);
    return airt_spawn_behavior(self->ctx, child->behavior, &kid->ref, &options);
}
