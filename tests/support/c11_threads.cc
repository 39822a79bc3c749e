// C11's threads and locks, made of POSIX'. ThreadSanitizer knows only the latter: a thread that the C library makes for
// librdkafka by thrd_create is none to it, and ends the process at the first call that it looks at.
//
// Linked into the tests of a build with ThreadSanitizer; shared libraries take these functions before those of the C
// library, whose types are the same ones by another name.
#include <cerrno>
#include <cstdint>
#include <memory>

#include <pthread.h>
#include <threads.h>

namespace {

struct Call {
  thrd_start_t start;
  void* argument;
};

void* run(void* given) {
  const std::unique_ptr<Call> call(static_cast<Call*>(given));
  return reinterpret_cast<void*>(static_cast<std::intptr_t>(call->start(call->argument)));
}

int result_of(int error) {
  switch (error) {
    case 0:
      return thrd_success;
    case EBUSY:
      return thrd_busy;
    case ENOMEM:
      return thrd_nomem;
    case ETIMEDOUT:
      return thrd_timedout;
    default:
      return thrd_error;
  }
}

pthread_mutex_t* as_posix(mtx_t* lock) { return reinterpret_cast<pthread_mutex_t*>(lock); }
pthread_cond_t* as_posix(cnd_t* condition) { return reinterpret_cast<pthread_cond_t*>(condition); }
static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) && sizeof(cnd_t) == sizeof(pthread_cond_t));
static_assert(sizeof(thrd_t) == sizeof(pthread_t) && sizeof(once_flag) == sizeof(pthread_once_t));

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t start, void* argument) {
  auto call = std::make_unique<Call>(Call{start, argument});
  const int error = pthread_create(thread, nullptr, run, call.get());
  if (error == 0) static_cast<void>(call.release());
  return result_of(error);
}

int thrd_join(thrd_t thread, int* result) {
  void* ended = nullptr;
  const int error = pthread_join(thread, &ended);
  if (error == 0 && result != nullptr) *result = static_cast<int>(reinterpret_cast<std::intptr_t>(ended));
  return result_of(error);
}

int thrd_detach(thrd_t thread) { return result_of(pthread_detach(thread)); }

int mtx_init(mtx_t* lock, int type) noexcept {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, (type & mtx_recursive) != 0 ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
  const int error = pthread_mutex_init(as_posix(lock), &attributes);
  pthread_mutexattr_destroy(&attributes);
  return result_of(error);
}

void mtx_destroy(mtx_t* lock) noexcept { pthread_mutex_destroy(as_posix(lock)); }
int mtx_lock(mtx_t* lock) { return result_of(pthread_mutex_lock(as_posix(lock))); }
int mtx_trylock(mtx_t* lock) noexcept { return result_of(pthread_mutex_trylock(as_posix(lock))); }
int mtx_unlock(mtx_t* lock) noexcept { return result_of(pthread_mutex_unlock(as_posix(lock))); }

int cnd_init(cnd_t* condition) noexcept { return result_of(pthread_cond_init(as_posix(condition), nullptr)); }
void cnd_destroy(cnd_t* condition) noexcept { pthread_cond_destroy(as_posix(condition)); }
int cnd_signal(cnd_t* condition) noexcept { return result_of(pthread_cond_signal(as_posix(condition))); }
int cnd_broadcast(cnd_t* condition) noexcept { return result_of(pthread_cond_broadcast(as_posix(condition))); }

int cnd_wait(cnd_t* condition, mtx_t* lock) {
  return result_of(pthread_cond_wait(as_posix(condition), as_posix(lock)));
}

int cnd_timedwait(cnd_t* __restrict condition, mtx_t* __restrict lock, const timespec* __restrict until) {
  return result_of(pthread_cond_timedwait(as_posix(condition), as_posix(lock), until));
}

void call_once(once_flag* flag, void (*once)()) { pthread_once(reinterpret_cast<pthread_once_t*>(flag), once); }
}
