/* SPDX-License-Identifier: MIT
 *
 * The transmitter has no speed: a byte is gone when the back end took it.  When the back end is
 * slow, bytes wait in the transmit FIFO and LSR[THRE] stays clear, so a guest which looks at it
 * loses nothing.  The receiver's only time is the timeout interrupt.
 */
#include "platform/devices/soc/uart16550.h"

#include <inttypes.h>
#include <string.h>

#include "cpu/log.h"

enum { FIFO_SIZE = 16 };

enum { /* offsets; RBR/THR and IER are DLL and DLM while LCR[DLAB] */
       REG_DATA,
       REG_IER,
       REG_IIR_FCR,
       REG_LCR,
       REG_MCR,
       REG_LSR,
       REG_MSR,
       REG_SCR,
       REGS
};

enum { IER_RDI = 1, IER_THRI = 2, IER_RLSI = 4, IER_MSI = 8 };
enum { IIR_NONE = 1, IIR_MSI = 0, IIR_THRI = 2, IIR_RDI = 4, IIR_RLSI = 6, IIR_TIMEOUT = 12, IIR_FIFOS = 0xc0 };
enum { FCR_ENABLE = 1, FCR_CLEAR_RX = 2, FCR_CLEAR_TX = 4, FCR_KEPT = 0xc9 };
enum { LCR_DLAB = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 16, MCR_MASK = 31 };
enum {
    LSR_DR = 1,
    LSR_OE = 2,
    LSR_PE = 4,
    LSR_FE = 8,
    LSR_BI = 16,
    LSR_THRE = 32,
    LSR_TEMT = 64,
    LSR_FIFO_ERROR = 128,
    LSR_CHARACTER = LSR_PE | LSR_FE | LSR_BI, /* errors of the character at the top of the FIFO */
    LSR_ERRORS = LSR_OE | LSR_CHARACTER,
};
enum { MSR_TERI = 4, MSR_CTS = 16, MSR_DSR = 32, MSR_RI = 64, MSR_DCD = 128 };

typedef struct Uart16550 {
    Device dev;
    Uart16550Config config;
    Chardev *chr;
    IrqInput irq;
    Clock *clock;
    ClockTimer *timeout;

    uint8_t ier, fcr, lcr, mcr, scr, dll, dlm;
    uint8_t lsr;  /* LSR_OE and the shown character's errors; the rest is derived */
    uint8_t msr;  /* lines and deltas */
    uint8_t thri; /* transmitter-empty interrupt pending */
    uint8_t timed_out;
    uint8_t rx[FIFO_SIZE], rx_error[FIFO_SIZE]; /* oldest first */
    uint8_t tx[FIFO_SIZE];
    uint8_t n_rx, n_tx;
    uint64_t timeout_at_ns; /* 0: not running */
} Uart16550;

#define MSR_CABLE (MSR_DCD | MSR_DSR | MSR_CTS) /* the modem lines of a cable with somebody at its other end */

static const DeviceField uart16550_fields[] = {
    DEVICE_FIELD(Uart16550, ier, 0),
    DEVICE_FIELD(Uart16550, fcr, 0),
    DEVICE_FIELD(Uart16550, lcr, 0),
    DEVICE_FIELD(Uart16550, mcr, 0),
    DEVICE_FIELD(Uart16550, scr, 0),
    DEVICE_FIELD(Uart16550, dll, 12), /* as users' firmware and kernels find it on this platform */
    DEVICE_FIELD(Uart16550, dlm, 0),
    DEVICE_FIELD(Uart16550, lsr, 0),
    DEVICE_FIELD(Uart16550, msr, MSR_CABLE),
    DEVICE_FIELD(Uart16550, thri, 0),
    DEVICE_FIELD(Uart16550, timed_out, 0),
    DEVICE_ARRAY(Uart16550, rx, 0),
    DEVICE_ARRAY(Uart16550, rx_error, 0),
    DEVICE_ARRAY(Uart16550, tx, 0),
    DEVICE_FIELD(Uart16550, n_rx, 0),
    DEVICE_FIELD(Uart16550, n_tx, 0),
    DEVICE_FIELD(Uart16550, timeout_at_ns, 0),
};
static const StateField uart16550_derived[] = {
    STATE_DERIVED(Uart16550, dev), STATE_DERIVED(Uart16550, config), STATE_DERIVED(Uart16550, chr),
    STATE_DERIVED(Uart16550, irq), STATE_DERIVED(Uart16550, clock),  STATE_DERIVED(Uart16550, timeout),
};
STATE_STRUCT(Uart16550, uart16550);

static unsigned fifo_depth(const Uart16550 *u)
{
    return u->fcr & FCR_ENABLE ? FIFO_SIZE : 1;
}

static unsigned rx_trigger(const Uart16550 *u)
{
    static const uint8_t level[] = {1, 4, 8, 14};
    return u->fcr & FCR_ENABLE ? level[u->fcr >> 6] : 1;
}

/* The highest-priority pending interrupt (PC16550D table IV). */
static uint8_t iir(const Uart16550 *u)
{
    if ((u->ier & IER_RLSI) && (u->lsr & LSR_ERRORS))
        return IIR_RLSI;
    if ((u->ier & IER_RDI) && u->n_rx >= rx_trigger(u))
        return IIR_RDI;
    if ((u->ier & IER_RDI) && u->timed_out)
        return IIR_TIMEOUT;
    if ((u->ier & IER_THRI) && u->thri)
        return IIR_THRI;
    if ((u->ier & IER_MSI) && (u->msr & 15))
        return IIR_MSI;
    return IIR_NONE;
}

static void irq_update(Uart16550 *u)
{
    irq_set(&u->irq.line, iir(u) != IIR_NONE);
}

static void accept_input(Uart16550 *u)
{
    if (u->chr)
        chardev_accept_input(u->chr);
}

/* --- receiver */

/* Four characters of 1 start bit, data, parity and stop bits, at 16 clocks a bit. */
static uint64_t timeout_ns(const Uart16550 *u)
{
    unsigned bits = 2 + 5 + (u->lcr & 3) + !!(u->lcr & 4) + !!(u->lcr & 8);
    unsigned divisor = MAX(u->dll | u->dlm << 8, 1);
    return mul_div_u64(UINT64_C(4) * 16 * bits * divisor, NS_PER_SECOND, u->config.hz);
}

/* A character came or went: the wait for the timeout starts over.  One that has passed stays until the FIFO is read or cleared. */
static void timeout_restart(Uart16550 *u)
{
    if ((u->fcr & FCR_ENABLE) && u->n_rx > 0) {
        u->timeout_at_ns = clock_now_ns(u->clock) + timeout_ns(u);
        clock_timer_set(u->timeout, u->timeout_at_ns);
    } else {
        u->timeout_at_ns = 0;
        clock_timer_cancel(u->timeout);
    }
}

static void timeout_expired(void *opaque)
{
    Uart16550 *u = opaque;
    u->timeout_at_ns = 0;
    u->timed_out = u->n_rx > 0;
    irq_update(u);
}

/* Errors of a character show when it comes to the top of the FIFO. */
static void rx_show_errors(Uart16550 *u)
{
    if (u->n_rx > 0)
        u->lsr |= u->rx_error[0];
}

static void rx_push(Uart16550 *u, uint8_t byte, uint8_t errors)
{
    if (u->n_rx >= fifo_depth(u)) {
        u->lsr |= LSR_OE;
        if (u->fcr & FCR_ENABLE)
            return;  /* FIFO full: the character that comes now is lost */
        u->n_rx = 0; /* without FIFO the character in RBR is overwritten */
    }
    u->rx[u->n_rx] = byte;
    u->rx_error[u->n_rx] = errors;
    if (u->n_rx++ == 0)
        rx_show_errors(u);
}

static uint8_t rx_pop(Uart16550 *u)
{
    uint8_t byte = u->rx[0]; /* when it is empty, RBR shows the last character again */
    if (u->n_rx > 0) {
        u->n_rx--;
        memmove(u->rx, u->rx + 1, u->n_rx);
        memmove(u->rx_error, u->rx_error + 1, u->n_rx);
        if (u->n_rx == 0)
            u->rx[0] = byte;
        rx_show_errors(u);
    }
    u->timed_out = 0;
    timeout_restart(u);
    irq_update(u);
    accept_input(u);
    return byte;
}

static void rx_clear(Uart16550 *u)
{
    u->n_rx = 0;
    u->timed_out = 0;
    u->lsr &= ~LSR_CHARACTER;
    timeout_restart(u);
}

size_t uart16550_can_receive(Device *dev)
{
    const Uart16550 *u = (Uart16550 *)dev;
    if (u->mcr & MCR_LOOP) /* in loopback the input pin is disconnected */
        return 0;
    return fifo_depth(u) > u->n_rx ? fifo_depth(u) - u->n_rx : 0;
}

void uart16550_receive(Device *dev, const uint8_t *data, size_t size)
{
    Uart16550 *u = (Uart16550 *)dev;
    for (size_t i = 0; i < size; i++)
        rx_push(u, data[i], 0);
    timeout_restart(u);
    irq_update(u);
}

void uart16550_break(Device *dev)
{
    Uart16550 *u = (Uart16550 *)dev;
    if (u->mcr & MCR_LOOP)
        return;
    rx_push(u, 0, LSR_BI | LSR_FE); /* a break has no stop bit either */
    timeout_restart(u);
    irq_update(u);
}

/* --- transmitter */

static void tx_run(Uart16550 *u)
{
    size_t gone = u->n_tx;
    if (!gone)
        return;
    if (u->mcr & MCR_LOOP) {
        for (unsigned i = 0; i < u->n_tx; i++)
            rx_push(u, u->tx[i], 0);
        timeout_restart(u);
    } else if (u->chr) {
        gone = MIN(chardev_write(u->chr, u->tx, u->n_tx), u->n_tx);
    }
    u->n_tx -= (uint8_t)gone;
    memmove(u->tx, u->tx + gone, u->n_tx);
    if (u->n_tx == 0)
        u->thri = 1;
}

static void thr_write(Uart16550 *u, uint8_t byte)
{
    u->thri = 0;
    if (u->n_tx >= fifo_depth(u)) {
        LOG(LOG_GUEST_ERRORS, "%s: byte 0x%02x written to a full transmitter is lost", u->dev.id, byte);
        return;
    }
    u->tx[u->n_tx++] = byte;
    tx_run(u);
}

static uint8_t lsr_read(Uart16550 *u)
{
    uint8_t lsr = u->lsr;
    if (u->n_rx > 0)
        lsr |= LSR_DR;
    if (u->n_tx == 0)
        lsr |= LSR_THRE | LSR_TEMT;
    for (unsigned i = 0; (u->fcr & FCR_ENABLE) && i < u->n_rx; i++)
        if (u->rx_error[i])
            lsr |= LSR_FIFO_ERROR;
    u->lsr = 0;
    u->rx_error[0] = 0; /* reading LSR clears the errors that it shows */
    return lsr;
}

/* --- modem lines */

static void msr_update(Uart16550 *u)
{
    uint8_t lines = MSR_CABLE;
    if (u->mcr & MCR_LOOP)
        lines = (u->mcr & MCR_RTS ? MSR_CTS : 0) | (u->mcr & MCR_DTR ? MSR_DSR : 0) | (u->mcr & MCR_OUT1 ? MSR_RI : 0) |
                (u->mcr & MCR_OUT2 ? MSR_DCD : 0);
    uint8_t changed = (u->msr ^ lines) & 0xf0;
    uint8_t deltas = changed >> 4 & ~MSR_TERI;
    if (changed & u->msr & MSR_RI) /* only RI's trailing edge counts */
        deltas |= MSR_TERI;
    u->msr = lines | deltas | (u->msr & 15);
}

/* --- registers */

static void fcr_write(Uart16550 *u, uint8_t value)
{
    bool toggled = (u->fcr ^ value) & FCR_ENABLE;
    if (toggled || ((value & FCR_ENABLE) && (value & FCR_CLEAR_RX)))
        rx_clear(u);
    if ((toggled || ((value & FCR_ENABLE) && (value & FCR_CLEAR_TX))) && u->n_tx) {
        u->n_tx = 0;
        u->thri = 1;
    }
    u->fcr = value & FCR_ENABLE ? value & FCR_KEPT : 0; /* the other bits need bit 0 */
    timeout_restart(u);
}

static void ier_write(Uart16550 *u, uint8_t value)
{
    uint8_t enabled = value & ~u->ier;
    u->ier = value & 15;
    if ((enabled & IER_THRI) && u->n_tx == 0)
        u->thri = 1;
}

static bool size_check(const Uart16550 *u, const char *what, uint64_t offset, unsigned size)
{
    if (size != 1)
        LOG(LOG_GUEST_ERRORS, "%s: %s of %u bytes at 0x%02" PRIx64 ": registers are bytes", u->dev.id, what, size, offset);
    if (offset >= REGS)
        LOG(LOG_GUEST_ERRORS, "%s: %s of reserved register 0x%02" PRIx64, u->dev.id, what, offset);
    return offset < REGS;
}

/* Wider accesses reach the one register at their address, in the value's low byte. */
static bool uart16550_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    Uart16550 *u = (Uart16550 *)dev;
    *value = 0;
    if (!size_check(u, "read", offset, size))
        return true;
    switch (offset) {
    case REG_DATA:
        *value = u->lcr & LCR_DLAB ? u->dll : rx_pop(u);
        return true;
    case REG_IER:
        *value = u->lcr & LCR_DLAB ? u->dlm : u->ier;
        return true;
    case REG_IIR_FCR:
        *value = iir(u);
        if (*value == IIR_THRI)
            u->thri = 0;
        *value |= u->fcr & FCR_ENABLE ? IIR_FIFOS : 0;
        break;
    case REG_LCR:
        *value = u->lcr;
        return true;
    case REG_MCR:
        *value = u->mcr;
        return true;
    case REG_LSR:
        *value = lsr_read(u);
        break;
    case REG_MSR:
        *value = u->msr;
        u->msr &= 0xf0;
        break;
    case REG_SCR:
        *value = u->scr;
        return true;
    }
    irq_update(u);
    return true;
}

static bool uart16550_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    Uart16550 *u = (Uart16550 *)dev;
    uint8_t byte = (uint8_t)value;
    if (!size_check(u, "write", offset, size))
        return true;
    switch (offset) {
    case REG_DATA:
        if (u->lcr & LCR_DLAB)
            u->dll = byte;
        else
            thr_write(u, byte);
        break;
    case REG_IER:
        if (u->lcr & LCR_DLAB)
            u->dlm = byte;
        else
            ier_write(u, byte);
        break;
    case REG_IIR_FCR:
        fcr_write(u, byte);
        break;
    case REG_LCR:
        u->lcr = byte;
        break;
    case REG_MCR:
        u->mcr = byte & MCR_MASK;
        msr_update(u);
        break;
    case REG_LSR:
    case REG_MSR:
        LOG(LOG_GUEST_ERRORS, "%s: write of read-only register %u", u->dev.id, (unsigned)offset);
        break;
    case REG_SCR:
        u->scr = byte;
        break;
    }
    irq_update(u);
    if (offset == REG_IIR_FCR || offset == REG_MCR)
        accept_input(u);
    return true;
}

/* --- the rest of a device */

static void uart16550_reset(Device *dev)
{
    Uart16550 *u = (Uart16550 *)dev;
    clock_timer_cancel(u->timeout);
    irq_update(u);
    accept_input(u);
}

static void uart16550_post_load(Device *dev)
{
    Uart16550 *u = (Uart16550 *)dev;
    u->n_rx = MIN(u->n_rx, FIFO_SIZE);
    u->n_tx = MIN(u->n_tx, FIFO_SIZE);
    if (u->timeout_at_ns)
        clock_timer_set(u->timeout, u->timeout_at_ns);
    else
        clock_timer_cancel(u->timeout);
    irq_update(u);
}

static void uart16550_describe(Device *dev, Dts *dts)
{
    const Uart16550Config *c = &((Uart16550 *)dev)->config;
    dts_begin(dts, "serial@%x", (unsigned)device_address(dev, 0));
    dts_string(dts, "device_type", "serial");
    dts_string(dts, "compatible", "ns16550");
    device_describe_reg(dev, dts);
    dts_u32(dts, "cell-index", c->index);
    dts_u32(dts, "clock-frequency", c->hz);
    IRQ_DESCRIBE(dts, &((Uart16550 *)dev)->irq);
    dts_end(dts);
}

static void uart16550_free(Device *dev)
{
    Uart16550 *u = (Uart16550 *)dev;
    if (u->chr)
        chardev_set_handlers(u->chr, NULL, NULL);
    clock_timer_free(u->timeout);
    g_free(u);
}

static const DeviceOps uart16550_ops = {
    .name = "uart16550",
    .state = &uart16550_state,
    .read = uart16550_read,
    .write = uart16550_write,
    .reset = uart16550_reset,
    .describe = uart16550_describe,
    .post_load = uart16550_post_load,
    .free = uart16550_free,
};

static size_t chr_can_receive(void *opaque)
{
    return uart16550_can_receive(opaque);
}

static void chr_receive(void *opaque, const uint8_t *data, size_t size)
{
    uart16550_receive(opaque, data, size);
}

static void chr_writable(void *opaque)
{
    tx_run(opaque);
    irq_update(opaque);
}

static void chr_event(void *opaque, ChardevEvent event)
{
    if (event == CHARDEV_BREAK)
        uart16550_break(opaque);
}

Device *uart16550_new(const char *id, const Uart16550Config *config, Chardev *chr, IrqInput irq, Clock *clock)
{
    static const ChardevHandlers handlers = {chr_can_receive, chr_receive, chr_writable, chr_event};
    Uart16550 *u = g_new0(Uart16550, 1);
    device_init(&u->dev, &uart16550_ops, id);
    u->config = *config;
    u->irq = irq;
    u->clock = clock;
    u->timeout = clock_timer_new(clock, timeout_expired, u);
    device_reset(&u->dev);
    u->chr = chr;
    if (chr)
        chardev_set_handlers(chr, &handlers, u);
    return &u->dev;
}
