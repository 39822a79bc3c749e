// Credit by removal effect ("markov"): customers' paths as an absorbing Markov chain of first order, with a start,
// the touchpoints, and two ends: conversion and null (a lapse). A touchpoint's removal effect is the part of all
// conversions that would not happen if every move to it led to null; credit is in proportion to these effects.
// (E. Anderl, I. Becker, F. v. Wangenheim, J. H. Schumann, "Mapping the customer journey", IJRM 33, 2016.)
//
// With N the inverse of I - Q (Q: probabilities of moves between start and touchpoints) and h the probabilities of
// ending in conversion, a path from the start s ever meets i with probability N(s,i)/N(i,i), so the removal effect
// of i is N(s,i)/N(i,i) * h(i)/h(s): one matrix is decomposed, not one for each touchpoint. With n touchpoints on the
// paths that takes some 4/3 n^3 operations.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/cell.h"

namespace touchstone {

/// The moves from one place of the chain.
struct ChainRow {
  std::uint16_t from;  ///< TouchpointNo, or CellNo::kAllNumber for the start
  const Cell* moves;   ///< kMove by where they lead; the value of conversions met from here
};

struct ChainCredit {
  std::uint16_t touchpoint;  ///< TouchpointNo
  std::int64_t conversions;  ///< millionths
  WideInt value;             ///< 10^-4 of the money unit
};

/// The credit of each touchpoint, in the order of the rows, which alone decides the order of all arithmetic. The rows
/// must be whole paths added up. Nothing where no path ended in conversion; touchpoints without credit are left out.
[[nodiscard]] std::vector<ChainCredit> removal_credit(std::span<const ChainRow> rows);

}  // namespace touchstone
