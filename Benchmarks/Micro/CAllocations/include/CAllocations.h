#ifndef CALLOCATIONS_H
#define CALLOCATIONS_H

/* How often this thread has called malloc, calloc, realloc or an aligned sister. */
unsigned long callocations_count(void);
#endif
