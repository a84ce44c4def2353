/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_LIB_LIST_H
#define KERNEL_LIB_LIST_H

/*
 * list.h - circular doubly linked lists, threaded through their elements.
 *
 * A head and a link are the same type; an empty list points at itself.  The
 * list owns nothing and locks nothing.
 */

#include "kernel/lib/types.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

/* Put @item right after @at: at the front, where @at is a head. */
static inline void list_add(struct list *at, struct list *item)
{
	item->next = at->next;
	item->prev = at;
	at->next->prev = item;
	at->next = item;
}

/* Put @item right before @at: at the back, where @at is a head. */
static inline void list_add_tail(struct list *at, struct list *item)
{
	list_add(at->prev, item);
}

/* Unlink @item, and leave it empty, so that a second removal is harmless. */
static inline void list_remove(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

/* Take the first element off, or NULL. */
static inline struct list *list_pop(struct list *head)
{
	struct list *first = head->next;

	if (first == head)
		return NULL;
	list_remove(first);
	return first;
}

/* Move everything on @from to the back of @to. */
static inline void list_splice_tail(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(link, type, member) container_of(link, type, member)

/* Visit each link of a list whose elements stay where they are. */
#define list_for_each(link, head) \
	for (struct list *link = (head)->next; link != (head); \
	     link = link->next)

/* Visit each element: a @type, linked by its @member. */
#define list_for_each_entry(type, item, head, member) \
	for (type *item = list_entry((head)->next, type, member); \
	     &item->member != (head); \
	     item = list_entry(item->member.next, type, member))

/* The same, and the one that is visited may be taken off the list. */
#define list_for_each_entry_safe(type, item, head, member) \
	for (type *item = list_entry((head)->next, type, member), \
		  *item##_next = list_entry(item->member.next, type, member); \
	     &item->member != (head); item = item##_next, \
		  item##_next = list_entry(item->member.next, type, member))

#endif
