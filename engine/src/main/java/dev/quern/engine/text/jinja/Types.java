package dev.quern.engine.text.jinja;

import java.math.BigInteger;

/** What kind of value a value is, in Python's terms. */
final class Types {
  private Types() {}

  static String name(Object value) {
    return switch (value) {
      case String _ -> "str";
      case Markup _ -> "Markup";
      case Boolean _ -> "bool";
      case Long _, BigInteger _ -> "int";
      case Double _ -> "float";
      case None _ -> "NoneType";
      case SequenceValue.ListValue _ -> "list";
      case SequenceValue.TupleValue _, SequenceValue.GroupValue _ -> "tuple";
      case DictValue _ -> "dict";
      case DictView view ->
          switch (view.kind()) {
            case KEYS -> "dict_keys";
            case VALUES -> "dict_values";
            case ITEMS -> "dict_items";
          };
      case RangeValue _ -> "range";
      case NamespaceValue _ -> "Namespace";
      case Undefined _ -> "Undefined";
      case IteratorValue iterator -> iterator.type();
      case LoopContext _ -> "LoopContext";
      case Callable callable -> callable.type();
      default -> value.getClass().getSimpleName();
    };
  }

  /** As error messages about attributes have it. */
  static String describe(Object value) {
    return value == None.NONE ? "None" : name(value) + " object";
  }

  static boolean truth(Object value) {
    return switch (value) {
      case Boolean bool -> bool;
      case String text -> !text.isEmpty();
      case Markup markup -> !markup.text().isEmpty();
      case None _, Undefined _ -> false;
      case Long number -> number != 0;
      case Double number -> number != 0;
      case SequenceValue sequence -> !sequence.items().isEmpty();
      case DictValue dict -> dict.size() > 0;
      case DictView view -> view.dict().size() > 0;
      case RangeValue range -> range.size() > 0;
      default -> true;
    };
  }

  static boolean isText(Object value) {
    return value instanceof String || value instanceof Markup;
  }

  /** The text of a string or of markup; {@code what} names the place in an error. */
  static String text(Object value, String what) {
    return switch (value) {
      case String text -> text;
      case Markup markup -> markup.text();
      case Undefined undefined -> throw undefined.error();
      default -> throw new EvaluationError(what + " must be str, not " + name(value));
    };
  }
}
