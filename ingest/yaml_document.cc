#include "ingest/yaml_document.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "ingest/core_schema.h"
#include "ingest/text_check.h"

namespace touchstone {
namespace {

/// Thrown by the builder through yaml-cpp's parser when a limit is reached; never leaves this file.
struct Refusal {
  YAML::Mark mark;
  std::string path;
  std::string message;
};

/// Counts on, but never around.
std::size_t added(std::size_t a, std::size_t b) { return a > SIZE_MAX - b ? SIZE_MAX : a + b; }

/// Builds the tree out of the parser's events. Limits are held here, before the parser can go deeper.
class Builder : public YAML::EventHandler {
 public:
  Builder(const TextLines& lines, const YamlLimits& limits, std::deque<YamlNode>& nodes, Problems& problems)
      : lines_(lines), limits_(limits), nodes_(nodes), problems_(problems) {}

  [[nodiscard]] const YamlNode* root() const { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // On a stray "," yaml-cpp stays where it is, and would give empty documents for ever.
    if (documents_ > 0 && mark.pos == document_start_) {
      throw Refusal{mark, {}, "not YAML: a character that cannot begin a value"};
    }
    document_start_ = mark.pos;
    ++documents_;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (documents_ > 1) return;  // a comment after the end of the document comes as an empty second one
    YamlNode& node = add_node(mark, YamlKind::kNull);
    // A value that was left out is noticed at the token after it; the key is where to look.
    if (!open_.empty() && open_.back().key != nullptr && open_.back().key->at.line < node.at.line) {
      node.at = open_.back().key->at;
    }
    finish(node, anchor, mark, {});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_second_document(mark);
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) throw Refusal{mark, path(), "an alias within its own anchor would have no end"};
    place(*known->second.node, mark, known->second.extent);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_second_document(mark);
    YamlNode& node = add_node(mark, YamlKind::kScalar);
    node.text = value;
    const bool is_text = tag == "!" || tag == "tag:yaml.org,2002:str";
    std::optional<OwnedScalar> resolved = is_text ? OwnedScalar(value) : resolve_plain_scalar(value);
    if (resolved) node.scalar = std::move(*resolved);
    if (!resolved) node.kind = YamlKind::kNull;
    if (!is_text && !tag.empty() && tag != "?") check_tag(node, tag);
    finish(node, anchor, mark, {});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, YamlKind::kSequence, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, YamlKind::kMapping, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  /// How far a finished node reaches when its aliases are written out.
  struct Extent {
    std::size_t nodes = 1;
    std::size_t depth = 1;
  };
  struct Anchored {
    const YamlNode* node{};
    Extent extent;
  };
  /// A collection whose end has not come yet.
  struct Open {
    YamlNode* node;
    YAML::anchor_t anchor;
    YAML::Mark mark;
    Extent extent{};
    const YamlNode* key = nullptr;  ///< of a mapping: read, waiting for its value
    std::unordered_map<std::string, int> lines_of_keys{};
  };

  YamlNode& add_node(const YAML::Mark& mark, YamlKind kind) {
    YamlNode& node = nodes_.emplace_back();
    node.kind = kind;
    node.at = lines_.position(mark.line, mark.column);
    return node;
  }

  void refuse_second_document(const YAML::Mark& mark) const {
    if (documents_ > 1) throw Refusal{mark, {}, "a second document begins here; a file holds one"};
  }

  void check_tag(const YamlNode& node, const std::string& tag) {
    static constexpr std::string_view kCore = "tag:yaml.org,2002:";
    const bool is_core = tag.starts_with(kCore);
    const std::string_view name = is_core ? std::string_view(tag).substr(kCore.size()) : tag;
    const bool is_whole = std::holds_alternative<std::int64_t>(node.scalar);
    bool fits = false;
    if (node.kind == YamlKind::kNull) fits = name == "null";
    if (node.kind == YamlKind::kSequence) fits = name == "seq";
    if (node.kind == YamlKind::kMapping) fits = name == "map";
    if (node.kind == YamlKind::kScalar) {
      fits = (name == "int" && is_whole) ||
             (name == "float" && (is_whole || std::holds_alternative<double>(node.scalar))) ||
             (name == "bool" && std::holds_alternative<bool>(node.scalar));
    }
    if (is_core && fits) return;
    // Not repeated: it may be a password without quotes.
    problems_.add(node.at, path(),
                  "the tag that begins with \"!\" is not known or does not fit this value; a text needs quotes");
  }

  void open(const YAML::Mark& mark, YamlKind kind, const std::string& tag, YAML::anchor_t anchor) {
    refuse_second_document(mark);
    if (open_.size() >= limits_.depth) throw Refusal{mark, path(), depth_message()};
    YamlNode& node = add_node(mark, kind);
    if (!tag.empty() && tag != "?" && tag != "!") check_tag(node, tag);
    open_.push_back({&node, anchor, mark});
  }

  void close() {
    const Open closed = std::move(open_.back());
    open_.pop_back();
    finish(*closed.node, closed.anchor, closed.mark, closed.extent);
  }

  /// Only now can the node be named by an alias: it has no part of itself within it.
  void finish(const YamlNode& node, YAML::anchor_t anchor, const YAML::Mark& mark, Extent extent) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {&node, extent};
    place(node, mark, extent);
  }

  /// Puts a finished node, or one that an alias names, where it stands.
  void place(const YamlNode& node, const YAML::Mark& mark, Extent extent) {
    if (open_.empty()) {
      root_ = &node;
      return;
    }
    if (open_.size() + extent.depth - 1 > limits_.depth) throw Refusal{mark, path(), depth_message()};
    Open& parent = open_.back();
    parent.extent.nodes = added(parent.extent.nodes, extent.nodes);
    parent.extent.depth = std::max(parent.extent.depth, extent.depth + 1);
    if (parent.extent.nodes > limits_.nodes) {
      throw Refusal{mark, path(), "more than " + std::to_string(limits_.nodes) + " values, aliases written out"};
    }
    if (parent.node->kind == YamlKind::kSequence) {
      parent.node->items.push_back(&node);
    } else if (parent.key == nullptr) {
      parent.key = &node;
    } else {
      add_entry(parent, *std::exchange(parent.key, nullptr), node, lines_.position(mark.line, mark.column));
    }
  }

  void add_entry(Open& parent, const YamlNode& key, const YamlNode& value, Position at) {
    if (key.kind != YamlKind::kScalar) {
      problems_.add(key.kind == YamlKind::kNull ? at : key.at, path(), "a key must be a text");
      return;
    }
    const auto [first, is_new] = parent.lines_of_keys.emplace(key.text, key.at.line);
    if (is_new) {
      parent.node->entries.emplace_back(&key, &value);
    } else {
      problems_.add(key.at, path(),
                    "duplicate key " + in_quotes(key.text) + "; first in line " + std::to_string(first->second));
    }
  }

  /// The path of what is read now.
  [[nodiscard]] std::string path() const {
    std::string path;
    for (const Open& within : open_) {
      if (within.node->kind == YamlKind::kSequence) {
        path += "[" + std::to_string(within.node->items.size()) + "]";
      } else if (within.key != nullptr) {
        path = path_of_key(path, within.key->text);
      }
    }
    return path;
  }

  [[nodiscard]] std::string depth_message() const {
    return "lists and mappings are more than " + std::to_string(limits_.depth) + " deep";
  }

  const TextLines& lines_;
  const YamlLimits& limits_;
  std::deque<YamlNode>& nodes_;
  Problems& problems_;
  const YamlNode* root_ = nullptr;
  int documents_ = 0;
  int document_start_ = 0;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
};

/// The parser's words for the commonest mistakes, and what their author can do about them.
std::string explained(const std::string& words) {
  struct Known {
    std::string_view words;
    std::string_view meaning;
  };
  static constexpr std::array<Known, 11> kKnown{{
      {"illegal map value",
       "a \":\" where no key can be (is a text that holds \": \" without quotes, or wrongly indented?)"},
      {"illegal block entry", "a \"-\" where no list can begin (is it wrongly indented, or with a tab?)"},
      {"end of map not found", "this does not belong to the mapping above (is it wrongly indented?)"},
      {"end of sequence not found", "this does not belong to the list above (is it wrongly indented?)"},
      {"end of map flow not found", "a \"{\" without its \"}\""},
      {"end of sequence flow not found", "a \"[\" without its \"]\""},
      {"illegal flow end", "a \"]\" or \"}\" that does not close what is open here"},
      {"illegal document indicator in scalar", "a quoted text without its closing quote"},
      {"illegal EOF in scalar", "a quoted text without its closing quote"},
      {"the referenced anchor is not defined", "an alias of an anchor that does not stand before it"},
      {"unknown token", "a character that cannot begin a value (quote the text)"},
  }};
  for (const Known& known : kKnown) {
    if (words.starts_with(known.words)) return "not YAML: " + std::string(known.meaning);
  }
  return "not YAML: " + words;
}

/// The one place where exceptions of yaml-cpp, and of memory, become problems.
const YamlNode* parse(const std::string& text, const TextLines& lines, const YamlLimits& limits,
                      std::deque<YamlNode>& nodes, Problems& problems) {
  try {
    // The end marker makes a quote left open at the end an error, which yaml-cpp otherwise overlooks.
    std::istringstream in(text + (text.ends_with('\n') ? "...\n" : "\n...\n"));
    YAML::Parser parser(in);
    Builder builder(lines, limits, nodes, problems);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.root();
  } catch (const Refusal& refusal) {
    problems.add(lines.position(refusal.mark.line, refusal.mark.column), refusal.path, refusal.message);
  } catch (const YAML::Exception& error) {
    problems.add(lines.position(error.mark.line, error.mark.column), {}, explained(error.msg));
  } catch (const std::exception& error) {
    problems.add({}, {}, std::string("cannot be read: ") + error.what());
  }
  return nullptr;
}

}  // namespace

YamlDocument YamlDocument::from_text(std::string_view text, std::string file, const YamlLimits& limits) {
  YamlDocument document(std::move(file));
  Problems problems(document.file_);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const TextLines lines(text);
  if (text.size() > limits.bytes) {
    problems.add({}, {}, "the file is larger than " + std::to_string(limits.bytes) + " bytes");
  } else if (const auto unfit = first_unfit_byte(text)) {
    problems.add(lines.position_of(unfit->at), {}, unfit->what);
  } else {
    const YamlNode* root = parse(std::string(text), lines, limits, document.nodes_, problems);
    if (root != nullptr && root->kind != YamlKind::kNull) document.root_ = root;
    if (document.root_ == nullptr && problems.empty()) problems.add({}, {}, "the file is empty");
  }
  document.problems_ = problems.take();
  return document;
}

YamlDocument YamlDocument::from_file(const std::string& path, const YamlLimits& limits) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text;
  if (in) {
    // One byte more than allowed is enough to know that it is too large, even of a file that has no end.
    text.resize(limits.bytes + 1);
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
  }
  if (!in.is_open() || in.bad() || (in.fail() && !in.eof())) {
    YamlDocument document(path);
    const std::string reason = errno != 0 ? std::strerror(errno) : "it is not a readable file";
    document.problems_.push_back({path, 1, 1, {}, "cannot be read: " + reason});
    return document;
  }
  return from_text(text, path, limits);
}

}  // namespace touchstone
