/**
 * The threads that own devices.
 *
 * <p>In: work that takes turns, and single tasks such as loading. Out: each done on the one thread
 * that may touch the device. This room knows no model and no scheduling beyond whose turn it is.
 */
@NullMarked
package dev.quern.engine.device;

import org.jspecify.annotations.NullMarked;
