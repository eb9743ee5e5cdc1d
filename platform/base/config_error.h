/* SPDX-License-Identifier: MIT
 *
 * The error domain of what the user got wrong: options, files.  The program then ends with EXIT_BAD_CONFIG; errors of all other
 * domains are the host's (EXIT_HOST_FAILURE).
 */
#pragma once

#include <glib.h>

#define CONFIG_ERROR config_error_quark()
GQuark config_error_quark(void); /* keyval.c */
typedef enum ConfigError { CONFIG_ERROR_OPTION, CONFIG_ERROR_IMAGE } ConfigError;
