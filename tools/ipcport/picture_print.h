/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PICTURE_PRINT_H
#define PICTURE_PRINT_H

#include <stdio.h>

#include "picture.h"

/**
 * picture_print_dot() - print a picture in the language of graphviz
 * @out: where to
 * @picture: the picture
 */
void picture_print_dot(FILE *out, const struct picture *picture);

/**
 * picture_print_json() - print a picture as an object with "nodes" and "edges"
 * @picture: the picture
 * @graph: what it was made from
 */
void picture_print_json(const struct picture *picture, const struct waitgraph *graph);

#endif /* PICTURE_PRINT_H */
