// look_alike.h: what look-alikes of other libraries ask of the look-alike driver.
#pragma once
#include <cstddef>
#include <functional>

/** What is injected for a call of that name, or the device's fault, or 0. */
extern "C" int emuEnter(const char* call);
/** Queues work on a stream as the driver does its own, captures included. */
extern "C" int emuSubmit(void* stream, const std::function<int()>* work);
/** Whether [p, p + n) lies inside one allocation of the device. */
extern "C" int emuOnDevice(unsigned long long p, size_t n);
