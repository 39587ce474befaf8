#include "CSQLite.h"
#include <sqlite3.h>

void rs_sqlite_configure(void) {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
