/**
 * The self-test before staking: it plays miners, gateways and testers against a backend.
 *
 * <p>In: a URL and the parts to play. Out: for each check whether it passed, and why not. Knows
 * only HTTP: what it tests may be Quern, a proxy before it, or another server.
 */
@NullMarked
package dev.quern.supplier.check;

import org.jspecify.annotations.NullMarked;
