/** Tests of the Jinja interpreter; what jinja2 itself renders is the oracle. */
@NullMarked
package dev.quern.engine.text.jinja;

import org.jspecify.annotations.NullMarked;
