#ifndef PG_BASETAR_PROOF_CONFIG_H
#define PG_BASETAR_PROOF_CONFIG_H

#include "format/facts.h"
#include "format/findings.h"
#include "format/memberset.h"
#include "lib/error.h"

/* All members have come: warn of configuration files that are not among them. */
MUST_CHECK int proof_config_judge(const struct facts *, struct memberset *members,
    const struct findings *findings, struct error *err);

#endif
