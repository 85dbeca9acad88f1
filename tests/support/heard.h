#ifndef PG_BASETAR_SUPPORT_HEARD_H
#define PG_BASETAR_SUPPORT_HEARD_H

#include "format/findings.h"
#include "format/memberset.h"

/* Findings and warnings, as a judge of a backup says them: a line each, in one text. */

/* Findings that are heard, all text before forgotten. */
struct findings heard_begin(void);

/* What has been said since: "KIND: ...\n" of findings, "warning: ...\n" */
const char *heard(void);

/* Fail unless just ${text} was said since the last call. */
void heard_expect(const char *text);

/* A member of ${type} (enum tar_type) and ${size} bytes. */
struct memberset_row *heard_member(
    struct memberset *, const char *path, char type, uint64_t size);

#endif
