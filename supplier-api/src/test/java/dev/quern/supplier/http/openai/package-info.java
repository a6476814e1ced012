/** The protocol's tables, parsers and renderers, without a server. */
@NullMarked
package dev.quern.supplier.http.openai;

import org.jspecify.annotations.NullMarked;
