/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the calls of supervise.h send to a supervisor, and what it answers. */
#ifndef AIRI_SUPERVISE_PROTOCOL_H
#define AIRI_SUPERVISE_PROTOCOL_H

#include <airt/supervise.h>

typedef enum airi_sup_what {
    AIRI_SUP_STOP,
    AIRI_SUP_RESTART,
    AIRI_SUP_DELETE,
    AIRI_SUP_SET_AUTO
} airi_sup_what;

struct airi_sup_start { /* one more child */
    airt_msg *spec;     /* an airi_spec; NULL: the template as it is */
};
struct airi_sup_do {
    airt_str id;
    airt_ref ref;
    uint32_t what;
    uint32_t rule;
};
struct airi_sup_done {
    uint32_t status;
    airt_ref ref;
};
struct airi_sup_look { /* at one child, or at all */
    airt_str id;
    airt_ref ref;
    bool     one;
};
struct airi_sup_seen {
    uint32_t  status;
    uint32_t  specs, active, supervisors, workers, restarting;
    airt_blob infos; /* airt_child_info, in order of start */
};
AIRT_LOCAL_KIND(airi_sup_start, airi_sup_start_drop)
AIRT_KIND(airi_sup_do, id, ref, what, rule)
AIRT_KIND(airi_sup_done, status, ref)
AIRT_KIND(airi_sup_look, id, ref, one)
AIRT_KIND(airi_sup_seen, status, specs, active, supervisors, workers, restarting, infos)
AIRT_ANSWER(airi_sup_start, airi_sup_done)
AIRT_ANSWER(airi_sup_do, airi_sup_done)
AIRT_ANSWER(airi_sup_look, airi_sup_seen)

#endif
