/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ARRAY_H
#define ARRAY_H

/* How many elements an array has; for arrays only, not for pointers. */
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#endif /* ARRAY_H */
