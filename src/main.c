// SPDX-License-Identifier: GPL-2.0
#include <linux/init.h>
#include <linux/module.h>

#include "call.h"
#include "count.h"
#include "dev.h"
#include "file.h"
#include "msg.h"
#include "netlink.h"
#include "owner.h"
#include "registry.h"
#include "version.h"

static int __init ipcport_init(void)
{
	int ret;

	ipcport_count_init();
	ret = ipcport_msg_cache_init();
	if (ret)
		goto err_count;
	ret = ipcport_call_cache_init();
	if (ret)
		goto err_msg;
	ret = ipcport_registry_init();
	if (ret)
		goto err_call;
	ret = ipcport_owner_init();
	if (ret)
		goto err_registry;
	ipcport_file_init();
	ret = ipcport_netlink_init();
	if (ret)
		goto err_owner;
	/* The device is last: from here on the module is in use. */
	ret = ipcport_dev_init();
	if (ret)
		goto err_netlink;
	return 0;

err_netlink:
	ipcport_netlink_exit();
err_owner:
	ipcport_owner_exit();
err_registry:
	ipcport_registry_exit();
err_call:
	ipcport_call_cache_exit();
err_msg:
	ipcport_msg_cache_exit();
err_count:
	ipcport_count_exit();
	return ret;
}

static void __exit ipcport_exit(void)
{
	ipcport_dev_exit();
	ipcport_netlink_exit();
	ipcport_owner_exit();
	ipcport_registry_exit();
	ipcport_call_cache_exit();
	ipcport_msg_cache_exit();
	ipcport_count_exit();
}

module_init(ipcport_init);
module_exit(ipcport_exit);

MODULE_DESCRIPTION("Ports: bounded message queues whose waiters always get an answer");
MODULE_VERSION(IPCPORT_MODULE_VERSION);
MODULE_LICENSE("GPL");
