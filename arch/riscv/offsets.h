/* SPDX-License-Identifier: MIT */
#ifndef ARCH_RISCV_OFFSETS_H
#define ARCH_RISCV_OFFSETS_H

/*
 * offsets.h - where assembly finds the fields of C structures; thread.c
 * checks each against the structure.
 */

#define THREAD_HART 0
#define THREAD_KERNEL_SP 8
#define THREAD_PENDING 16
#define THREAD_STACK 24
#define THREAD_CONTEXT 32

/* struct trap_frame: pc stands in x0's place, then xN at N * 8. */
#define FRAME_PC 0
#define FRAME_RA 8
#define FRAME_SP 16
#define FRAME_GP 24
#define FRAME_TP 32
#define FRAME_A0 80
#define FRAME_STATUS 256
#define FRAME_CAUSE 264
#define FRAME_VALUE 272
#define FRAME_ORIG_A0 280
#define FRAME_SIZE 288

/* Above the frame at the top of each kernel stack: its thread. */
#define FRAME_THREAD 288
#define FRAME_ROOM 304 /* both, and the stack stays aligned to 16 */

#define KERNEL_STACK_SHIFT 14

#endif
