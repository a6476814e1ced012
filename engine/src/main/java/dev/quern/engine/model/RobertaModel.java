package dev.quern.engine.model;

import java.util.OptionalInt;

/**
 * RoBERTa (arXiv 1907.11692) and XLM-RoBERTa (arXiv 1911.02116): BERT's layers, with positions
 * numbered on from the padding token's id plus one, as fairseq does.
 */
final class RobertaModel {
  private RobertaModel() {}

  static EncoderStack load(FamilyContext context) {
    int padding = context.config().optionalIndex("pad_token_id").orElse(1);
    return BertModel.load(context, OptionalInt.of(padding));
  }
}
