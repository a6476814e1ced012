/**
 * A hub on loopback for tests: it speaks the real protocol, and fails on demand in every way that a
 * network and a server can.
 */
@NullMarked
package dev.quern.store.hub.testing;

import org.jspecify.annotations.NullMarked;
