/**
 * An interpreter for Jinja as published chat templates use it, with the semantics of jinja2's
 * immutable sandbox under Python 3.
 *
 * <p>In: template source and plain Java values (strings, numbers, booleans, lists, maps, null).
 * Out: the rendered text. Lexer, parser (a sealed tree of records) and interpreter follow the
 * behaviour documented for Jinja 3.1 and Python's own string, list and dict methods. A template is
 * downloaded code: it is bounded in steps, memory, output and depth, and reaches nothing but the
 * values it is given. This room knows no tokens, messages or HTTP.
 */
@NullMarked
package dev.quern.engine.text.jinja;

import org.jspecify.annotations.NullMarked;
