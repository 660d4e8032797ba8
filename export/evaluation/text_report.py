"""What an evaluation of texts says; only its last line differs from that of images."""

from .report import Report


class TextReport(Report):
    """Results of blocks of texts, the same of held-out texts, and how they came about; arguments as of `Report`."""

    def _provenance(self):
        reference = self.facts["reference"]
        told = [f"{self.facts['num']} samples against {reference['num']} of {reference['name']} ({reference['split']})"]
        if "bleu" in self.facts:
            bleu = self.facts["bleu"]
            told.append(
                f"BLEU of {bleu['texts']} against {bleu['references']} held-out texts, smoothing {bleu['smoothing']}"
            )
        if "extractor" in self.facts:
            encoder = self.facts["extractor"]
            told.append(f"features of {encoder['name']} {encoder['weights']}, fitted to {encoder['fitted_to']} texts")
        return "; ".join(told)
