/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A tree of three levels. A gateway needs its store before its listener, and each connection on its own: rest for one at
 * the top, one for all around the store and its cache, a dynamic supervisor for the connections. The tree is data: it
 * is checked, printed, started, and printed again as it runs. In the simulated world, so that it prints the same every
 * time. */
#include <airt/airt.h>

#include <stdio.h>

/* --- actors that can be told to fail ------------------------------------------------------------------------------ */

AIRT_SIGNAL(fail)

struct part {
    char nothing;
};
AIRT_ON(part, fail)
{
    return AIRT_EINVAL;
}
#define part_HANDLES(ON, A) ON(A, fail)
AIRT_BEHAVIOR(part)

struct connection_start {
    uint32_t number;
};
AIRT_KIND(connection_start, number)
struct connection {
    uint32_t number;
};
AIRT_ON(connection, connection_start)
{
    self->number = msg->number;
    return AIRT_OK;
}
AIRT_ON(connection, fail)
{
    return AIRT_EINVAL;
}
#define connection_HANDLES(ON, A) ON(A, connection_start) ON(A, fail)
AIRT_BEHAVIOR(connection)

/* --- the tree ----------------------------------------------------------------------------------------------------- */

static void on_event(void *context, const airt_supervision_event *event)
{
    (void)context;
    if (event->what != AIRT_SUP_STOPPED)
        printf("  %s: %s %s\n", event->supervisor_name, event->id != NULL ? event->id : "it",
               airt_supervision_text(event->what));
}

static const airt_child storage[] = {
    AIRT_CHILD(part, .id = "store", .name = "store"),
    AIRT_CHILD(part, .id = "cache"),
};
static const airt_tree storage_tree = {
    .name = "storage", .strategy = AIRT_ONE_FOR_ALL, .children = storage, .child_count = 2
};
static const airt_child connections[] = { AIRT_CHILD(connection, .restart = AIRT_TRANSIENT) };
static const airt_tree  connections_tree = {
     .name = "connections", .strategy = AIRT_DYNAMIC, .restarts_max = 10, .children = connections, .child_count = 1
};
static const airt_child gateway[] = {
    { .tree = &storage_tree },
    AIRT_CHILD(part, .id = "listener"),
    { .tree = &connections_tree },
};
static const airt_tree gateway_tree = { .name = "gateway",
                                        .strategy = AIRT_REST_FOR_ONE,
                                        .restarts_max = 3,
                                        .window_ms = 10000,
                                        .on_event = on_event,
                                        .children = gateway,
                                        .child_count = 3 };

static void print_running(airt_system *system, airt_ref top)
{
    char   text[1024];
    size_t length = 0;

    if (airt_supervisor_print(system, top, AIRT_SECONDS(5), text, sizeof text, &length) == AIRT_OK)
        printf("%s", text);
}

static airt_status connect_three(airt_system *system)
{
    const airt_kind *const none[] = { NULL };
    airt_ref               supervisor = AIRT_NONE;

    AIRT_TRY(airt_lookup_kinds(system, none, "connections", &supervisor));
    for (uint32_t number = 1; number <= 3; number++) {
        airt_ref connection = AIRT_NONE;

        AIRT_TRY(airt_supervisor_start_child(system, supervisor,
                                             &(airt_child){ .start = AIRT_START(connection, .number = number) },
                                             AIRT_SECONDS(5), &connection));
        if (number == 2) /* one of them fails: the others do not notice */
            (void)airt_tell_any(system, connection, fail);
    }
    return airt_system_quiesce(system, AIRT_SECONDS(5));
}

static airt_status run(airt_system *system)
{
    const airt_kind *const none[] = { NULL };
    char                   text[1024];
    airt_ref               top = AIRT_NONE, store = AIRT_NONE;

    (void)airt_tree_print(&gateway_tree, AIRT_TREE_TEXT, text, sizeof text);
    printf("as written:\n%s\nstarted:\n", text);
    AIRT_TRY(airt_supervise_tree(system, &top, &gateway_tree));
    AIRT_TRY(connect_three(system));
    print_running(system, top);
    printf("\nthe store fails more often than its supervisor bears, so the whole gateway is built anew:\n");
    for (int i = 0; i < 2; i++) {
        AIRT_TRY(airt_lookup_kinds(system, none, "store", &store));
        (void)airt_tell_any(system, store, fail);
        AIRT_TRY(airt_system_quiesce(system, AIRT_SECONDS(5)));
    }
    print_running(system, top);
    return AIRT_OK;
}

int main(void)
{
    airt_world  *world = NULL;
    airt_system *system = NULL;
    airt_status  status = airt_sim_create(&(airt_sim_options){ .seed = 1 }, &world);

    if (status == AIRT_OK)
        status = airt_system_create(&(airt_system_options){ .world = world, .workers = 1 }, &system);
    if (status == AIRT_OK)
        status = run(system);
    if (status != AIRT_OK)
        fprintf(stderr, "%s\n", airt_status_text(status));
    if (airt_system_stop(&system, AIRT_SECONDS(5)) != AIRT_OK)
        return 1;
    airt_world_destroy(&world);
    return status == AIRT_OK ? 0 : 1;
}
