"""What is printed of the paper's variants, and of a VAE with networks of the same size."""

from __future__ import annotations

from aaecore.published import figures

PAPER = "Makhzani et al. 2015"
EVAE = "eVAE, submitted to ICLR 2017, networks of the AAE's size"

LIKELIHOOD = figures(
    "parzen_log_likelihood",
    f"{PAPER}, table 1",
    {
        "MNIST, 10,000 samples": "340 ± 2",
        "MNIST, 10 million samples": "427",
        "Toronto Faces, 10,000 samples": "2252 ± 16",
    },
)
VAE_LIKELIHOOD = figures(
    "parzen_log_likelihood", EVAE, {"MNIST, 10,000 samples": "290 ± 2", "Toronto Faces, 10,000 samples": "2149 ± 23"}
)
SEMI_SUPERVISED = figures(
    "classification_error",
    f"{PAPER}, table 2",
    {
        "MNIST, 100 labels": "1.90 ± 0.10 %",
        "MNIST, 1,000 labels": "1.60 ± 0.08 %",
        "MNIST, all labels": "0.85 ± 0.02 %",
        "SVHN, 1,000 labels": "17.70 ± 0.30 %",
    },
)
CLUSTERING = figures(
    "clustering_error",
    f"{PAPER}, table 3",
    {"MNIST, 16 clusters": "9.55 ± 2.05 %", "MNIST, 30 clusters": "4.10 ± 1.13 %"},
)
DIMENSIONALITY_REDUCTION = figures(
    "classification_error",
    f"{PAPER}, section 7",
    {
        "MNIST, 1,000 labels, 2-D codes": "4.20 %",
        "MNIST, 100 labels, 2-D codes": "6.08 %",
        "MNIST, 100 labels, 10-D codes": "3.90 %",
    },
)
