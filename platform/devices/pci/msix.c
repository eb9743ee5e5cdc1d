/* SPDX-License-Identifier: MIT */
#include "platform/devices/pci/msix.h"

enum { CAP_ID = 0x11, CAP_SIZE = 12, CAP_CONTROL = 2, CAP_TABLE = 4, CAP_PENDING = 8 };
enum { CONTROL_ENABLE = 0x8000, CONTROL_MASK = 0x4000, BAR_SIZE = 0x1000, PENDING_AT = 0x800, ENTRY_SIZE = 16 };
enum { ENTRY_ADDRESS, ENTRY_UPPER, ENTRY_DATA, ENTRY_CONTROL, ENTRY_WORDS, ENTRY_MASKED = 1 };

void pci_msix_init(PciMsix *m, PciDevice *pci, unsigned bar, unsigned n)
{
    g_assert(n >= 1 && n <= PCI_MSIX_VECTORS_MAX);
    m->n = n;
    m->cap = pci_config_add_capability(&pci->config, CAP_ID, CAP_SIZE);
    pci_config_add_bar(&pci->config, bar, PCI_BAR_MEMORY, BAR_SIZE);
    pci_config_set(&pci->config, (unsigned)m->cap + CAP_CONTROL, 2, n - 1);
    pci_config_allow(&pci->config, (unsigned)m->cap + CAP_CONTROL, 2, CONTROL_ENABLE | CONTROL_MASK);
    pci_config_set(&pci->config, (unsigned)m->cap + CAP_TABLE, 4, bar);
    pci_config_set(&pci->config, (unsigned)m->cap + CAP_PENDING, 4, PENDING_AT | bar);
    pci_msix_reset(m);
}

void pci_msix_reset(PciMsix *m)
{
    m->pending = 0;
    for (unsigned i = 0; i < PCI_MSIX_VECTORS_MAX; i++) {
        m->entry[i][ENTRY_ADDRESS] = m->entry[i][ENTRY_UPPER] = m->entry[i][ENTRY_DATA] = 0;
        m->entry[i][ENTRY_CONTROL] = ENTRY_MASKED;
    }
}

static uint32_t control(const PciMsix *m, const PciDevice *pci)
{
    return m->n ? pci_config_read(&pci->config, (unsigned)m->cap + CAP_CONTROL, 2) : 0;
}

bool pci_msix_is_on(const PciMsix *m, const PciDevice *pci)
{
    return control(m, pci) & CONTROL_ENABLE;
}

static bool masked(const PciMsix *m, const PciDevice *pci, unsigned vector)
{
    return (control(m, pci) & (CONTROL_ENABLE | CONTROL_MASK)) != CONTROL_ENABLE || m->entry[vector][ENTRY_CONTROL] & ENTRY_MASKED;
}

void pci_msix_notify(PciMsix *m, PciDevice *pci, unsigned vector)
{
    if (vector >= m->n)
        return;
    const uint32_t *e = m->entry[vector];
    if (masked(m, pci, vector))
        m->pending |= UINT64_C(1) << vector;
    else
        pci_send_message(pci, e[ENTRY_ADDRESS] | (uint64_t)e[ENTRY_UPPER] << 32, e[ENTRY_DATA]);
}

/* What waited for the end of a mask. */
void pci_msix_config_written(PciMsix *m, PciDevice *pci)
{
    for (unsigned i = 0; m->pending && i < m->n; i++) {
        const uint64_t bit = UINT64_C(1) << i;
        if (!(m->pending & bit) || masked(m, pci, i))
            continue;
        m->pending &= ~bit;
        pci_msix_notify(m, pci, i);
    }
}

/* The specification has whole words alone. */
uint32_t pci_msix_read(const PciMsix *m, uint64_t offset, unsigned size)
{
    if (size != 4)
        return 0;
    if (offset < ENTRY_SIZE * m->n)
        return m->entry[offset / ENTRY_SIZE][offset / 4 % ENTRY_WORDS];
    return offset == PENDING_AT || offset == PENDING_AT + 4 ? (uint32_t)(m->pending >> 8 * (offset - PENDING_AT)) : 0;
}

void pci_msix_write(PciMsix *m, PciDevice *pci, uint64_t offset, unsigned size, uint32_t value)
{
    if (size != 4 || offset >= ENTRY_SIZE * m->n)
        return;
    unsigned word = offset / 4 % ENTRY_WORDS;
    m->entry[offset / ENTRY_SIZE][word] = word == ENTRY_CONTROL ? value & ENTRY_MASKED : value;
    pci_msix_config_written(m, pci);
}
