/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYNC_RANK_H
#define KERNEL_SYNC_RANK_H

/*
 * rank.h - the order in which locks are taken, outermost first.
 *
 * A task or hart that holds a lock only takes locks of higher rank.  (Two of
 * one rank: only where the rank says how they are ordered.)  Each edge names
 * a function where it happens.
 *
 *   namespace (rename)           fs: one rename across directories at a time
 *     inode (parents before children, then by address)        inode_lock
 *       mm->lock                 mmap_lock; see below
 *         page                   one page's contents: page_lock
 *           journal, buffer      a block's contents: buffer_lock
 *             spinlocks          in the order of the numbers
 *
 * User addresses are never touched with an inode, page or buffer lock held,
 * except by the _nofault copies; mm->lock is taken by a fault.  A fault never
 * takes an inode lock.
 */

enum lock_rank {
	/* Locks that sleep. */
	RANK_POSITION = 4,  /* an open file's position: read, write, lseek */
	RANK_PROC_TEXT = 5, /* the text of an open /proc file */
	RANK_WATCH = 6,     /* what all epolls watch */
	RANK_MOUNT = 8,     /* the mount table */
	RANK_SYNC = 9,      /* one writer-back of inodes at a time */
	RANK_RENAME = 10,
	RANK_INODE = 20,       /* a parent, or the lower address */
	RANK_INODE_CHILD = 21, /* its child, or the higher address */
	RANK_INODE_CHILD2 = 22,
	RANK_INODE_CHILD3 = 23, /* rename: two parents, two children */
	RANK_SWAP_AREAS = 25,   /* switching swap on and off */
	RANK_MM = 30,
	RANK_MM_CHILD = 31, /* fork: the child's, under the parent's */
	RANK_COMMIT = 33,   /* a journal's commit: it writes file data */
	RANK_WRITEBACK = 35,
	RANK_PAGE = 40,
	RANK_JOURNAL = 45,   /* an open handle; a commit waits for it */
	RANK_INODE_MAP = 50, /* an inode's block map: growing it allocates */
	RANK_EXT2 = 52,      /* allocation in one filesystem */
	RANK_BUFFER = 55,
	RANK_SWAP_OUT = 58, /* one clears entries and writes pages at a time */
	RANK_DEVICE = 60,   /* tty, virtio-console */

	/* Spinlocks. */
	RANK_PROCESS = 100, /* the tree of processes, and pids */
	RANK_SIGNAL = 105,  /* a process's signal state */
	RANK_FILES = 110,   /* descriptor tables, inode and dentry caches */
	RANK_DENTRY = 115,
	RANK_MAPPING_LIST = 118,
	RANK_MAPPING = 120, /* a mapping's pages and its tree of VMAs */
	RANK_PAGETABLE = 130,
	RANK_CACHE = 140,      /* buffer cache, pipes, futex queues */
	RANK_SWAP = 142,       /* slots of swap areas, and who is in them */
	RANK_LRU = 145,        /* the list of cached pages, by age */
	RANK_KERNEL_MAP = 145, /* kernel stacks: takes frames */
	RANK_SLAB = 150,
	RANK_FRAME = 160,   /* the frame allocator */
	RANK_BLOCK = 170,   /* a device's queue: taken in interrupts */
	RANK_IO_DONE = 172, /* what completed requests wake: buffers, ext2 */
	RANK_TTYS = 174,    /* the list of terminals */
	RANK_CONSOLE_INPUT = 175,   /* a terminal: taken in interrupts */
	RANK_WORK = 177,            /* jobs posted by interrupts: work.c */
	RANK_PAGE_WAIT = 178,       /* who waits for a page: page_unlock() */
	RANK_WAITQ = 180,           /* a wait queue */
	RANK_EVENTPOLL = 181,       /* an epoll's: told under the files' */
	RANK_EVENTPOLL_OUTER = 182, /* one that watches another epoll */
	RANK_TIMER = 185,
	RANK_RUNQUEUE = 190, /* a hart's run queue, or the lower index */
	RANK_RUNQUEUE_PEER = 191,
	RANK_RANDOM = 195,
	RANK_LOG = 200,  /* printk: may be called under any other */
	RANK_UART = 205, /* where it prints */
};

#endif
