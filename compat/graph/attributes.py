"""Which attributes of a node are no part of the mathematics."""

#: Types that follow from the tensors, and names.
NAMES_ONLY = (
    *("T", "Tidx", "Tshape", "dtype", "N", "frame_name", "parallel_iterations", "is_constant", "Tperm", "U"),
    *("Tindices", "Tparams", "Taxis", "Index", "SrcT", "DstT", "Truncate", "out_type", "grad_a", "grad_b"),
    *("num_split", "Tlen", "Tsplits", "Tmultiples", "Tpaddings", "Tdim", "validate_indices"),
    "explicit_paddings",
)
