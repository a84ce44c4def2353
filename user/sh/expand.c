// SPDX-License-Identifier: MIT
/*
 * expand.c - from words as written to arguments.
 *
 * Expansion happens in stages: parameters and commands are replaced by their
 * values, values are split at blanks (more exactly: at the characters in
 * $IFS), patterns become file names, and quotes vanish.  Later stages must
 * know what earlier ones did: in  "a b"$x*  the first blank was quoted and
 * does not split, one from $x does, and a star from either may match file
 * names.  So between the stages a word is an array of bytes that each
 * remember where they come from:
 *
 *      "a b"$x*   with x='1 2'
 *
 *      bytes    a b 1   2 *
 *      origin   QQQ EEE   L        Quoted, Expanded, Literal
 *
 * Splitting looks only at expanded bytes, patterns at all but quoted ones.
 */

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "expand.h"
#include "sh.h"
#include "vars.h"

void pieces_add(struct pieces *out, char byte, enum origin origin)
{
	if (out->count == out->room) {
		out->room = 2 * out->room + 64;
		out->at = realloc(out->at, out->room * sizeof(*out->at));
		if (!out->at)
			abort();
	}
	out->at[out->count++] = (struct piece){byte, origin};
}

void pieces_add_string(struct pieces *out, const char *bytes,
		       enum origin origin)
{
	for (; *bytes; bytes++)
		pieces_add(out, *bytes, origin);
}

static const char *expand_backslash(struct pieces *out, const char *raw,
				    enum context context)
{
	char c = raw[1];
	bool special = context == CONTEXT_WORD || strchr("$`\\\n", c) ||
		       (c == '"' && context == CONTEXT_DOUBLE);

	if (!c || !special) {
		pieces_add(out, '\\', ORIGIN_QUOTED);
		return raw + 1;
	}
	if (c != '\n') /* otherwise the line goes on */
		pieces_add(out, c, ORIGIN_QUOTED);
	return raw + 2;
}

static const char *expand_single(struct pieces *out, const char *raw)
{
	if (raw[1] == '\'')
		pieces_add(out, 0, ORIGIN_EMPTY);
	for (raw++; *raw && *raw != '\''; raw++)
		pieces_add(out, *raw, ORIGIN_QUOTED);
	return *raw ? raw + 1 : raw;
}

static const char *expand_step(struct pieces *out, const char *raw,
			       enum context context);

static const char *expand_double(struct pieces *out, const char *raw)
{
	size_t before = out->count;

	out->no_parameters = false;
	for (raw++; *raw && *raw != '"';)
		raw = expand_step(out, raw, CONTEXT_DOUBLE);
	if (out->count == before && !out->no_parameters)
		pieces_add(out, 0, ORIGIN_EMPTY);
	return *raw ? raw + 1 : raw;
}

/* Expand one byte of @raw with all that belongs to it; the rest. */
static const char *expand_step(struct pieces *out, const char *raw,
			       enum context context)
{
	bool quoted = context != CONTEXT_WORD;

	if (*raw == '\\')
		return expand_backslash(out, raw, context);
	if (*raw == '\'' && !quoted)
		return expand_single(out, raw);
	if (*raw == '"' && !quoted)
		return expand_double(out, raw);
	if (*raw == '"' && context == CONTEXT_DOUBLE)
		return raw + 1; /* as in "${x:-"word"}" */
	if (*raw == '$' || *raw == '`')
		return expand_dollar(out, raw, quoted);
	pieces_add(out, *raw, quoted ? ORIGIN_QUOTED : ORIGIN_LITERAL);
	return raw + 1;
}

void expand_raw(struct pieces *out, const char *raw, enum context context)
{
	while (*raw && sh.skip != SKIP_ABORT)
		raw = expand_step(out, raw, context);
}

/* "~" or "~/..." is the home folder. */
static const char *expand_tilde(struct pieces *out, const char *raw)
{
	const char *home = var_get("HOME");

	if (raw[0] != '~' || (raw[1] && raw[1] != '/') || !home)
		return raw;
	pieces_add_string(out, home, ORIGIN_QUOTED);
	return raw + 1;
}

static bool has_byte(const struct piece *piece)
{
	return piece->origin <= ORIGIN_QUOTED;
}

/* One byte as a part of a pattern for glob(3) or fnmatch(3). */
static void pattern_add(struct text *pattern, const struct piece *piece)
{
	if (piece->origin == ORIGIN_QUOTED || piece->byte == '\\')
		text_add(pattern, '\\');
	text_add(pattern, piece->byte);
}

char *expand_string(const char *raw, enum context context)
{
	struct pieces pieces = {0};
	struct text text = {0};

	if (context == CONTEXT_WORD)
		raw = expand_tilde(&pieces, raw);
	expand_raw(&pieces, raw, context);
	for (size_t i = 0; i < pieces.count; i++)
		if (has_byte(&pieces.at[i]))
			text_add(&text, pieces.at[i].byte);
		else if (pieces.at[i].origin == ORIGIN_BREAK)
			text_add(&text, ' ');
	free(pieces.at);
	return text_finish(&text, &scratch);
}

char *expand_pattern(const char *raw)
{
	struct pieces pieces = {0};
	struct text text = {0};

	expand_raw(&pieces, expand_tilde(&pieces, raw), CONTEXT_WORD);
	for (size_t i = 0; i < pieces.count; i++)
		if (has_byte(&pieces.at[i]))
			pattern_add(&text, &pieces.at[i]);
	free(pieces.at);
	return text_finish(&text, &scratch);
}

char *expand_assignment(const char *raw)
{
	const char *value = strchr(raw, '=') + 1;
	struct text text = {0};
	const char *expanded = expand_string(value, CONTEXT_WORD);

	text_append(&text, raw, value - raw);
	text_append(&text, expanded, strlen(expanded));
	return text_finish(&text, &scratch);
}

/* Arguments that are being collected, and the one that grows now. */
struct fields {
	char **list;
	size_t count, room;
	struct text text;    /* the field as it stands */
	struct text pattern; /* and as a pattern */
	bool present;        /* there is a field, be it empty */
	bool is_pattern;
	bool ended_by_blank; /* so a separator next to it does not count */
};

static void fields_push(struct fields *fields, char *field)
{
	if (fields->count + 1 >= fields->room) {
		fields->room = 2 * fields->room + 16;
		fields->list =
			realloc(fields->list, fields->room * sizeof(char *));
		if (!fields->list)
			abort();
	}
	fields->list[fields->count++] = field;
	fields->list[fields->count] = NULL;
}

/* Push the names of the files that match; false if there are none. */
static bool fields_glob(struct fields *fields, const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) != 0)
		return false;
	for (size_t i = 0; i < found.gl_pathc; i++)
		fields_push(fields, arena_copy(&scratch, found.gl_pathv[i],
					       strlen(found.gl_pathv[i])));
	globfree(&found);
	return true;
}

static void field_end(struct fields *fields)
{
	char *text = text_finish(&fields->text, &scratch);
	char *pattern = text_finish(&fields->pattern, &scratch);

	if (fields->present && !(fields->is_pattern && !sh.no_globbing &&
				 fields_glob(fields, pattern)))
		fields_push(fields, text);
	fields->present = fields->is_pattern = false;
}

static void field_add(struct fields *fields, const struct piece *piece)
{
	text_add(&fields->text, piece->byte);
	pattern_add(&fields->pattern, piece);
	if (piece->origin != ORIGIN_QUOTED && strchr("*?[", piece->byte))
		fields->is_pattern = true;
	fields->present = true;
	fields->ended_by_blank = false;
}

/* An expanded byte that is in $IFS.  Blanks end a field if there is one, and
 * belong to the other separator next to them; others always end one. */
static void field_separate(struct fields *fields, char byte)
{
	bool blank = byte == ' ' || byte == '\t' || byte == '\n';

	if (blank && !fields->present)
		return;
	if (blank || !fields->ended_by_blank) {
		fields->present = true;
		field_end(fields);
	}
	fields->ended_by_blank = blank;
}

static void split(struct fields *fields, const struct pieces *pieces)
{
	const char *separators = var_get("IFS");

	if (!separators)
		separators = " \t\n";
	for (size_t i = 0; i < pieces->count; i++) {
		const struct piece *piece = &pieces->at[i];

		if (piece->origin == ORIGIN_BREAK)
			field_end(fields);
		else if (piece->origin == ORIGIN_EMPTY)
			fields->present = true;
		else if (piece->origin == ORIGIN_EXPANDED &&
			 strchr(separators, piece->byte))
			field_separate(fields, piece->byte);
		else
			field_add(fields, piece);
	}
	field_end(fields);
	fields->ended_by_blank = false;
}

char **expand_words(const struct word *words)
{
	struct fields fields = {0};
	char **list;

	for (; words && sh.skip != SKIP_ABORT; words = words->next) {
		struct pieces pieces = {0};

		expand_raw(&pieces, expand_tilde(&pieces, words->raw),
			   CONTEXT_WORD);
		split(&fields, &pieces);
		free(pieces.at);
	}
	list = arena_get(&scratch, (fields.count + 1) * sizeof(*list));
	if (fields.count > 0)
		memcpy(list, fields.list, fields.count * sizeof(*list));
	free(fields.list);
	return list;
}
