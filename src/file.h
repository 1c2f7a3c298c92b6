/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: Files of handles
 *
 * What can be done with a file that stands for a handle: everything that is done with
 * messages, and what event loops do with files.
 */
#ifndef IPCPORT_FILE_H
#define IPCPORT_FILE_H

void ipcport_file_init(void);

#endif /* IPCPORT_FILE_H */
