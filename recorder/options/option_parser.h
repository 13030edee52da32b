// daybookd's command line by its options. What they mean is told by options.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daybook/result.h"
#include "options/options.h"

namespace CLI {
class App;
}

namespace daybook {

// What says where the rest comes from: not for a file.
struct ConfigChoice {
  std::optional<std::string> file;
  bool none = false;
  bool check = false;
};

class OptionParser {
 public:
  // How an option that a file may set takes values.
  struct Kind {
    bool is_list = false;
    bool is_flag = false;
  };

  OptionParser();
  ~OptionParser();
  OptionParser(const OptionParser&) = delete;
  OptionParser& operator=(const OptionParser&) = delete;

  // May be called once. The text to print instead of recording where help or the version is asked
  // for. An Error is a wrong usage: "--name: what is wrong".
  Result<std::optional<std::string>> Parse(std::vector<std::string> words);

  const Options& options() const;
  const ConfigChoice& choice() const;
  const CLI::App& app() const;

  bool Has(const std::string& name) const;

  // nullopt where a file may not set it.
  std::optional<Kind> FindConfigurable(const std::string& name) const;
  std::string ConfigurableNames() const;  // with commas between

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Hands the whole command line to `see`, as it is before anything is typed.
void SeeCommandLine(const std::function<void(const CLI::App& app)>& see);

}  // namespace daybook
