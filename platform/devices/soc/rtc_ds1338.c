/* SPDX-License-Identifier: MIT
 *
 * The chip shows years 2000–2099.  A START copies the time into the registers, so a transfer sees
 * one moment.  A write to a time register changes that copy and sets the time from the whole of it:
 * bytes of one transfer never meet half-way in the calendar.  What is no date (BCD digits above 9,
 * 31 February) counts on from the last valid day.
 */
#include "platform/devices/soc/rtc_ds1338.h"

enum { SECONDS, MINUTES, HOURS, DAY, DATE, MONTH, YEAR, CONTROL };
enum { SECONDS_CH = 0x80, HOURS_12 = 0x40, HOURS_PM = 0x20, CONTROL_MASK = 0xb3 };
enum { DAY_SECONDS = 86400, WEEKDAY_OF_EPOCH = 4 };

static uint8_t to_bcd(unsigned value)
{
    return (uint8_t)(value / 10 % 10 << 4 | value % 10);
}

static unsigned from_bcd(uint8_t bcd)
{
    return (bcd >> 4) * 10u + (bcd & 15);
}

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned month_days(unsigned year, unsigned month /* 0–11 */)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month] + (month == 1 && is_leap(year));
}

/* Days since 1970 of 1 January. */
static int64_t year_days(int64_t year)
{
    int64_t y = year - 1;
    return 365 * (year - 1970) + (y / 4 - y / 100 + y / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t now_s(const RtcDs1338 *rtc)
{
    uint64_t s;
    if (rtc->halted)
        return (int64_t)rtc->stopped_s;
    if (rtc->clock)
        s = clock_now_ns(rtc->clock) / NS_PER_SECOND;
    else
        s = (uint64_t)(g_get_real_time() / G_USEC_PER_SEC);
    return (int64_t)((uint64_t)rtc->base_s + s + rtc->offset_s);
}

static void time_set(RtcDs1338 *rtc, int64_t unix_s)
{
    if (rtc->halted)
        rtc->stopped_s = (uint64_t)unix_s;
    else
        rtc->offset_s += (uint64_t)unix_s - (uint64_t)now_s(rtc);
}

static unsigned weekday(const RtcDs1338 *rtc, int64_t days)
{
    return (unsigned)((days % 7 + 7 + WEEKDAY_OF_EPOCH + rtc->day_shift % 7) % 7);
}

static uint8_t hours_show(const RtcDs1338 *rtc, unsigned hour)
{
    if (!rtc->hours_12)
        return to_bcd(hour);
    return HOURS_12 | (hour >= 12 ? HOURS_PM : 0) | to_bcd(hour % 12 ? hour % 12 : 12);
}

static void time_show(RtcDs1338 *rtc)
{
    /*
     * Wraps as the two year digits do: seconds within the four centuries after 2000, all with the
     * same calendar.
     */
    const int64_t days_2000 = year_days(2000), days_400_years = 146097;
    int64_t now = now_s(rtc), days = floor_div(now, DAY_SECONDS);
    unsigned second = (unsigned)(now - days * DAY_SECONDS);
    unsigned rest = (unsigned)(((days - days_2000) % days_400_years + days_400_years) % days_400_years);
    unsigned year = 2000, month = 0;

    rtc->regs[DAY] = (uint8_t)(weekday(rtc, days) + 1);
    for (; rest >= 365u + is_leap(year); year++)
        rest -= 365u + is_leap(year);
    for (; rest >= month_days(year, month); month++)
        rest -= month_days(year, month);
    rtc->regs[SECONDS] = to_bcd(second % 60) | (rtc->halted ? SECONDS_CH : 0);
    rtc->regs[MINUTES] = to_bcd(second / 60 % 60);
    rtc->regs[HOURS] = hours_show(rtc, second / 3600);
    rtc->regs[DATE] = to_bcd(rest + 1);
    rtc->regs[MONTH] = to_bcd(month + 1);
    rtc->regs[YEAR] = to_bcd(year % 100);
}

static unsigned hours_parse(uint8_t hours)
{
    if (!(hours & HOURS_12))
        return from_bcd(hours & 0x3f);
    return from_bcd(hours & 0x1f) % 12 + (hours & HOURS_PM ? 12 : 0);
}

static void time_parse(RtcDs1338 *rtc)
{
    const uint8_t *r = rtc->regs;
    unsigned year = 2000 + from_bcd(r[YEAR]);
    unsigned month = from_bcd(r[MONTH] & 0x1f);
    unsigned date = from_bcd(r[DATE] & 0x3f);
    int64_t days = year_days(year) + (date ? date - 1 : 0);
    month = month < 1 ? 0 : month > 12 ? 11 : month - 1;
    for (unsigned m = 0; m < month; m++)
        days += month_days(year, m);
    time_set(rtc,
             days * DAY_SECONDS + hours_parse(r[HOURS]) * 3600 + from_bcd(r[MINUTES] & 0x7f) * 60 + from_bcd(r[SECONDS] & 0x7f));
    /* The day of the week is a counter of its own: it stays what the register says. */
    rtc->day_shift = 0;
    unsigned natural = weekday(rtc, floor_div(now_s(rtc), DAY_SECONDS));
    rtc->day_shift = (uint8_t)(((r[DAY] & 7) + 6 + 7 - natural) % 7);
}

static void halt_set(RtcDs1338 *rtc, bool halted)
{
    int64_t now = now_s(rtc);
    rtc->halted = halted;
    time_set(rtc, now);
}

static void reg_write(RtcDs1338 *rtc, unsigned reg, uint8_t byte)
{
    rtc->regs[reg] = reg == CONTROL ? byte & CONTROL_MASK : byte;
    if (reg < RTC_DS1338_TIME_REGS) {
        if (reg == SECONDS)
            halt_set(rtc, byte & SECONDS_CH);
        if (reg == HOURS)
            rtc->hours_12 = !!(byte & HOURS_12);
        time_parse(rtc);
    }
}

void rtc_ds1338_start(RtcDs1338 *rtc)
{
    rtc->addressed = 1;
    time_show(rtc);
}

void rtc_ds1338_write(RtcDs1338 *rtc, uint8_t byte)
{
    if (rtc->addressed) {
        rtc->addressed = 0;
        rtc->pointer = byte % RTC_DS1338_REGS;
        return;
    }
    reg_write(rtc, rtc->pointer % RTC_DS1338_REGS, byte);
    rtc->pointer = (rtc->pointer + 1) % RTC_DS1338_REGS;
}

uint8_t rtc_ds1338_read(RtcDs1338 *rtc)
{
    uint8_t byte = rtc->regs[rtc->pointer % RTC_DS1338_REGS];
    rtc->pointer = (rtc->pointer + 1) % RTC_DS1338_REGS;
    return byte;
}
