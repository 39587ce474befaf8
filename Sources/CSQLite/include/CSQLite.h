#ifndef CSQLITE_H
#define CSQLITE_H

/*
 * Switches SQLite's count of its own memory off, for the whole process: the counter takes a lock at each allocation, a few dozen of which make
 * up a commit. Nothing here asks for it. Before SQLite's first use; later it changes nothing. (sqlite3_config is variadic)
 */
void rs_sqlite_configure(void);

#endif
