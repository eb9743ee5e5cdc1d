/* SPDX-License-Identifier: MIT
 * Reservations under contention (Power ISA 2.06B Book II §1.7.3): what takes one away and what does not, counters,
 * a list whose nodes come back (a word that holds its old value again is not unchanged), locks.  Needs -smp 2 or more. */
#include "guest.h"

enum { ROUNDS = 20000, NODES = 6, GRANULE = 64 };

/* --- one store of another CPU between lwarx and stwcx. */

static struct {
    volatile uint32_t word, beside[GRANULE / 4 - 1]; /* one granule */
    volatile uint32_t next[GRANULE / 4];
    volatile uint32_t go, rest[GRANULE / 4 - 1];
    volatile uint32_t done, rest2[GRANULE / 4 - 1];
} cell __attribute__((aligned(256)));

/* lwarx the word at r3, say go (store r5 at r4), wait for done (r6), stwcx.: CR0 in r3 */
PROBE(reserve_go_wait_store, "lwarx 7,0,3; stw 5,0(4); 1: lwz 8,0(6); cmpw 8,5; bne 1b;"
                             "stwcx. 7,0,3; mfcr 3; rlwinm 3,3,3,31,31");

static void change_and_change_back(void)
{
    cell.word = 9;
    cell.word = 7;
}

static void store_the_same(void)
{
    cell.word = 7;
}

static void store_a_byte(void)
{
    ((volatile uint8_t *)cell.beside)[22] = 1;
}

static void store_multiple(void)
{
    __asm__ volatile("stmw 30,0(%0)" : : "b"(&cell.beside[3]) : "memory");
}

static void store_misaligned(void)
{
    __asm__ volatile("stw 0,0(%0)" : : "b"((uint32_t)cell.beside + 5) : "memory");
}

static void zero_the_granule(void)
{
    __asm__ volatile("dcbz 0,%0; stw %1,0(%0)" : : "b"(&cell), "r"(7) : "memory");
}

static void store_conditionally(void)
{
    __asm__ volatile("1: lwarx 9,0,%0; stwcx. 9,0,%0; bne- 1b" : : "b"(&cell.word) : "9", "cr0", "memory");
}

static void only_load(void)
{
    (void)cell.word;
    (void)cell.beside[0];
    __asm__ volatile("dcbst 0,%0; dcbf 0,%0; dcbt 0,%0" : : "b"(&cell) : "memory");
}

static void only_reserve(void)
{
    __asm__ volatile("lwarx 9,0,%0" : : "b"(&cell.word) : "9", "memory");
}

static void store_beyond(void)
{
    cell.next[0] = 1;
}

static const struct {
    const char *sentence;
    void (*meanwhile)(void);
    bool stored;
} meetings[] = {
    {"changed and changed back: the reservation is gone", change_and_change_back, false},
    {"the same value stored: gone", store_the_same, false},
    {"a byte stored elsewhere in the granule: gone", store_a_byte, false},
    {"stmw elsewhere in the granule: gone", store_multiple, false},
    {"a misaligned store in the granule: gone", store_misaligned, false},
    {"dcbz of the granule: gone", zero_the_granule, false},
    {"stwcx. of the value there: gone", store_conditionally, false},
    {"loads, dcbst, dcbf, dcbt: it holds", only_load, true},
    {"lwarx of another CPU: it holds", only_reserve, true},
    {"a store to the next granule: it holds", store_beyond, true},
};
enum { MEETINGS = sizeof meetings / sizeof meetings[0] };

static void meet(uint32_t cpu)
{
    if (cpu != 1)
        return;
    for (uint32_t n = 1; n <= MEETINGS; n++) {
        while (cell.go != n)
            cpu_relax();
        sync();
        meetings[n - 1].meanwhile();
        sync();
        cell.done = n;
    }
}

static void one_store_between(void)
{
    uint32_t (*attempt)(volatile uint32_t *, volatile uint32_t *, uint32_t, volatile uint32_t *) = (void *)reserve_go_wait_store;

    cpus_begin(meet);
    for (uint32_t n = 1; n <= MEETINGS; n++) {
        cell.word = 7;
        sync();
        report_eq(meetings[n - 1].sentence, attempt(&cell.word, &cell.go, n, &cell.done), meetings[n - 1].stored);
    }
    cpus_end();
}

/* --- counters */

static volatile uint32_t counter[4] __attribute__((aligned(GRANULE)));
static volatile uint32_t crowd[1 + CPUS_MAX] __attribute__((aligned(256)));

static void count(uint32_t cpu)
{
    for (unsigned n = 0; n < ROUNDS; n++)
        atomic_add(&counter[n % 4], 1);
}

/* The other words of the granule are stored to all the time. */
static void count_in_a_crowd(uint32_t cpu)
{
    for (unsigned n = 0; n < ROUNDS; n++) {
        atomic_add(&crowd[0], 1);
        crowd[1 + cpu]++;
    }
}

/* --- a list: pop is only right if stwcx. notices that the head came back */

typedef struct Node {
    struct Node *volatile next;
    volatile uint32_t owner;
} Node;

static Node nodes[NODES] __attribute__((aligned(GRANULE)));
static Node *volatile head __attribute__((aligned(GRANULE)));
static volatile uint32_t wrong;

static Node *pop(void)
{
    Node *node, *next;

    __asm__ volatile("1: lwarx %0,0,%2; cmpwi %0,0; beq 2f; lwz %1,0(%0); stwcx. %1,0,%2; bne- 1b; isync; 2:"
                     : "=&b"(node), "=&r"(next)
                     : "r"(&head)
                     : "memory", "cr0");
    return node;
}

static void push(Node *node)
{
    Node *next;

    __asm__ volatile("sync; 1: lwarx %0,0,%2; stw %0,0(%1); stwcx. %1,0,%2; bne- 1b"
                     : "=&r"(next)
                     : "b"(node), "r"(&head)
                     : "memory", "cr0");
}

static void take_and_give(uint32_t cpu)
{
    Node *mine[2];

    for (unsigned n = 0; n < ROUNDS / 2; n++) {
        for (unsigned i = 0; i < 2; i++) {
            mine[i] = pop();
            if (mine[i] && mine[i]->owner)
                wrong++;
            if (mine[i])
                mine[i]->owner = cpu + 1;
        }
        for (unsigned i = 0; i < 2; i++) { /* the first taken is back below the second */
            if (!mine[i])
                continue;
            if (mine[i]->owner != cpu + 1)
                wrong++;
            mine[i]->owner = 0;
            push(mine[i]);
        }
    }
}

static bool all_nodes_are_there(void)
{
    uint32_t seen = 0;
    unsigned n = 0;

    for (Node *node = head; node && n <= NODES; node = node->next, n++)
        seen |= 1u << (node - nodes);
    return n == NODES && seen == (1u << NODES) - 1;
}

/* --- a lock, with the barriers of the architecture's examples (Book II App. B.2) */

static volatile uint32_t lock __attribute__((aligned(GRANULE)));
static volatile uint32_t first __attribute__((aligned(GRANULE))), second __attribute__((aligned(GRANULE)));

static void locked(uint32_t cpu)
{
    uint32_t t;

    for (unsigned n = 0; n < ROUNDS; n++) {
        __asm__ volatile("b 2f; 1: or 27,27,27; 2: lwarx %0,0,%1; cmpwi %0,0; bne- 1b; stwcx. %2,0,%1; bne- 1b; isync"
                         : "=&r"(t)
                         : "r"(&lock), "r"(1)
                         : "memory", "cr0");
        first++;
        second++;
        if (first != second)
            wrong++;
        sync();
        lock = 0;
    }
}

void guest_main(void)
{
    unsigned cpus = cpus_count();
    uint32_t sum = 0;

    if (cpus < 2) {
        report_skip("several CPUs", "the tree has one");
        return;
    }
    cpus_start();
    one_store_between();
    cpus_run(count);
    for (unsigned i = 0; i < 4; i++)
        sum += counter[i];
    report_eq("all count the same words: none is lost", sum, cpus * ROUNDS);
    cpus_run(count_in_a_crowd);
    report_eq("all count amid stores to the granule: none is lost", crowd[0], cpus * ROUNDS);
    sum = 0;
    for (unsigned i = 0; i < cpus; i++)
        sum += crowd[1 + i] == ROUNDS;
    report_eq("nor is any of those stores", sum, cpus);
    for (unsigned i = 0; i < NODES; i++)
        push(&nodes[i]);
    wrong = 0;
    cpus_run(take_and_give);
    report_eq("nodes that come back: none is taken twice", wrong, 0);
    report("and all are in the list in the end", all_nodes_are_there());
    cpus_run(locked);
    report_eq("a lock: nobody else is inside", wrong, 0);
    report_eq("what it guards is whole", first, cpus * ROUNDS);
    report_eq("both parts of it", second, cpus * ROUNDS);
}
