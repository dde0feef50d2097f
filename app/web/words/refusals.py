"""Why something is refused or failed, in the other languages of the page: by the English sentence.

What is in braces may be anything, and is told in the language as well where it is a sentence of the
table. The first one that fits is taken. English is as it was told.
"""

TOLD = {
    "there is no picture in what was sent: {why}": {
        "zh": "发送的内容中没有图片：{why}",
        "tr": "Gönderilenler arasında resim yok: {why}",
    },
    # Pictures
    "{name} is not a picture that can be read; use one of {formats}": {
        "zh": "{name} 不是可以读取的图片；请使用 {formats}",
        "tr": "{name} okunabilen bir resim değil; şunlardan birini kullanın: {formats}",
    },
    "{name} is empty (0 bytes); save or copy it again": {
        "zh": "{name} 是空文件（0 字节）；请重新保存或复制",
        "tr": "{name} boş (0 bayt); yeniden kaydedin ya da kopyalayın",
    },
    "{name} is truncated or damaged ({why}); save or copy it again": {
        "zh": "{name} 不完整或已损坏（{why}）；请重新保存或复制",
        "tr": "{name} eksik ya da bozuk ({why}); yeniden kaydedin ya da kopyalayın",
    },
    "{name} has a damaged or unusual {format} header ({why}); copy it again, or save it with 8 "
    "bits a channel": {
        "zh": "{name} 的 {format} 文件头已损坏或不常见（{why}）；请重新复制，或以每通道 8 位保存",
        "tr": (
            "{name} dosyasının {format} başlığı bozuk ya da alışılmadık ({why}); yeniden "
            "kopyalayın ya da kanal başına 8 bitle kaydedin"
        ),
    },
    "{name} is too large: {width} x {height} pixels, the limit is {limit} megapixels; "
    "make it smaller first": {
        "zh": "{name} 太大：{width} × {height} 像素，上限为 {limit} 百万像素；请先缩小",
        "tr": "{name} çok büyük: {width} × {height} piksel, sınır {limit} megapiksel; küçültün",
    },
    "{name} has signed or 32-bit samples, of unknown range; save it with 8 or 16 unsigned bits": {
        "zh": "{name} 的采样是有符号或 32 位的，取值范围未知；请用 8 位或 16 位无符号保存",
        "tr": (
            "{name} aralığı bilinmeyen, işaretli ya da 32 bitlik değerler içeriyor; 8 ya da 16 "
            "işaretsiz bitle kaydedin"
        ),
    },
    "{name} is a HEIC picture, for which pi-heif is not installed; run: {command}": {
        "zh": "{name} 是 HEIC 图片，服务器没有安装读取它所需的 pi-heif；请运行：{command}",
        "tr": "{name} bir HEIC resmi, ama pi-heif kurulu değil; çalıştırın: {command}",
    },
    "{name}: {format} has room for {side} pixels a side, the picture is {width} x {height}; "
    "use PNG": {
        "zh": "{name}：{format} 每边最多 {side} 像素，图片为 {width} × {height}；请使用 PNG",
        "tr": (
            "{name}: {format} bir kenarda en çok {side} piksel alır, resim {width} × {height}; "
            "PNG kullanın"
        ),
    },
    "{name} needs more memory than there is; make it smaller": {
        "zh": "{name} 需要的内存超过现有内存；请缩小",
        "tr": "{name} için bellek yetmiyor; küçültün",
    },
    "{name} was given more than an hour ago and is deleted; give it again": {
        "zh": "{name} 添加已超过一小时，已被删除；请重新添加",
        "tr": "{name} verileli bir saatten çok oldu ve silindi; yeniden verin",
    },
    "{name} cannot be opened: {why}": {
        "zh": "无法打开 {name}：{why}",
        "tr": "{name} açılamıyor: {why}",
    },
    "{name} could not be written: {why}": {
        "zh": "无法写入 {name}：{why}",
        "tr": "{name} yazılamadı: {why}",
    },
    "the translation": {"zh": "转换结果", "tr": "dönüştürülmüş resim"},
    # Many at once
    "{name} is not named as a picture ({suffixes})": {
        "zh": "{name} 的扩展名不是图片的扩展名（{suffixes}）",
        "tr": "{name} adı bir resim adı değil ({suffixes})",
    },
    "{name}: its path in the zip leads out of it": {
        "zh": "{name}：它在 zip 中的路径指向 zip 之外",
        "tr": "{name}: zip içindeki yolu zip dışına çıkıyor",
    },
    "{name} is encrypted in its zip": {
        "zh": "{name} 在 zip 中已加密",
        "tr": "{name} zip içinde şifrelenmiş",
    },
    "{name} is in its zip in another way than stored or deflated": {
        "zh": "{name} 在 zip 中的压缩方式不受支持（只支持 stored 和 deflated）",
        "tr": "{name} zip içinde desteklenmeyen bir yolla sıkıştırılmış (stored ve deflated olur)",
    },
    "{name} is damaged in its zip: {why}": {
        "zh": "{name} 在 zip 中已损坏：{why}",
        "tr": "{name} zip içinde bozuk: {why}",
    },
    "{name} is not a zip that can be read: {why}": {
        "zh": "{name} 不是可以读取的 zip：{why}",
        "tr": "{name} okunabilen bir zip değil: {why}",
    },
    "there is no picture in what was sent": {
        "zh": "发送的内容中没有图片",
        "tr": "Gönderilenler arasında resim yok",
    },
    "there is room for {count} files at once; send fewer": {
        "zh": "一次最多 {count} 个文件；请少发一些",
        "tr": "Bir seferde en çok {count} dosya alınır; daha azını gönderin",
    },
    "there is room for {size} GiB of pictures at once; send fewer": {
        "zh": "一次最多 {size} GiB 图片；请少发一些",
        "tr": "Bir seferde en çok {size} GiB resim alınır; daha azını gönderin",
    },
    "the pictures could not be stored: {why}": {
        "zh": "无法保存图片：{why}",
        "tr": "Resimler saklanamadı: {why}",
    },
    "{count} jobs are waiting already; try again later": {
        "zh": "已有 {count} 个任务在等待；请稍后再试",
        "tr": "{count} iş zaten bekliyor; daha sonra yeniden deneyin",
    },
    "{count} of your requests are waiting already; try again later": {
        "zh": "您有 {count} 个请求在等待；请稍后再试",
        "tr": "{count} isteğiniz zaten bekliyor; daha sonra yeniden deneyin",
    },
    "{count} of your jobs have not ended yet; wait for one, or cancel it": {
        "zh": "您有 {count} 个任务尚未结束；请等其中一个结束，或取消它",
        "tr": "{count} işiniz henüz bitmedi; birini bekleyin ya da iptal edin",
    },
    "the room for jobs is full; try again when those before have ended": {
        "zh": "存放任务的空间已满；请等前面的任务结束后再试",
        "tr": "İşlere ayrılan yer dolu; öncekiler bitince yeniden deneyin",
    },
    "the job's results fill {size} GiB already": {
        "zh": "该任务的结果已占满 {size} GiB",
        "tr": "Bu işin sonuçları {size} GiB yeri doldurdu",
    },
    "something went wrong inside the program; what it printed where it runs says more": {
        "zh": "程序出错了，启动程序的终端窗口里有详细信息",
        "tr": "Programda bir hata oluştu; başlatıldığı penceredeki çıktı daha fazlasını söyler",
    },
    # Models
    'unknown model "{name}"; {rest}': {
        "zh": "没有名为“{name}”的模型；{rest}",
        "tr": "“{name}” adında bir model yok; {rest}",
    },
    "{folder} has no models; export one into it, or name another folder": {
        "zh": "模型文件夹中没有模型；请导出一个到其中，或指定其他文件夹",
        "tr": "Model klasöründe model yok; içine birini aktarın ya da başka bir klasör belirtin",
    },
    "sha256 of {model} is {found}..., its card says {told}...; {remedy}": {
        "zh": "{model} 的 sha256 为 {found}…，模型卡上写的是 {told}…；{remedy}",
        "tr": "{model} dosyasının sha256 değeri {found}…, kartında {told}… yazıyor; {remedy}",
    },
    "{model} is missing, though its card is there; {remedy}": {
        "zh": "缺少 {model}，只有它的模型卡；{remedy}",
        "tr": "{model} yok, yalnızca kartı var; {remedy}",
    },
    "{model} has {size} bytes, its card says {told}; {remedy}": {
        "zh": "{model} 有 {size} 字节，模型卡上写的是 {told}；{remedy}",
        "tr": "{model} {size} bayt, kartında {told} yazıyor; {remedy}",
    },
    "fetch both files again or export the model again": {
        "zh": "请重新获取这两个文件，或重新导出模型",
        "tr": "iki dosyayı da yeniden alın ya da modeli yeniden dışa aktarın",
    },
    "{card} is not JSON ({why}); fetch the card again or export the model again": {
        "zh": "{card} 不是 JSON（{why}）；请重新获取模型卡，或重新导出模型",
        "tr": "{card} JSON değil ({why}); kartı yeniden alın ya da modeli yeniden dışa aktarın",
    },
    '{card} is the card of "{name}"; rename one of them': {
        "zh": "{card} 是“{name}”的模型卡；请给其中一个改名",
        "tr": "{card}, “{name}” modelinin kartı; birinin adını değiştirin",
    },
    "{model} has no card; `cyclegan models add` makes one": {
        "zh": "{model} 没有模型卡；`cyclegan models add` 可以生成",
        "tr": "{model} için kart yok; `cyclegan models add` bir kart oluşturur",
    },
    "{model} cannot be loaded: {why}": {
        "zh": "无法加载 {model}：{why}",
        "tr": "{model} yüklenemiyor: {why}",
    },
    "{model} failed on {width} x {height} pixels: {why}": {
        "zh": "{model} 处理 {width} × {height} 像素时出错：{why}",
        "tr": "{model}, {width} × {height} pikselde başarısız oldu: {why}",
    },
    # Trainings
    "{name} is being trained; pause or stop it first": {
        "zh": "{name} 正在训练；请先暂停或停止",
        "tr": "{name} eğitiliyor; önce duraklatın ya da durdurun",
    },
    'there is no training "{name}"': {
        "zh": "没有名为“{name}”的训练",
        "tr": "“{name}” adında bir eğitim yok",
    },
    "{name} has no such checkpoint yet; let it train on": {
        "zh": "{name} 还没有这个检查点；请让它继续训练",
        "tr": "{name} için böyle bir kontrol noktası henüz yok; eğitimi sürdürün",
    },
    'a setting is KEY=VALUE without paths, not "{setting}"': {
        "zh": "设置的写法是 KEY=VALUE，且不含路径；“{setting}”不是这样",
        "tr": "Ayarlar KEY=VALUE biçiminde ve yolsuz yazılır; “{setting}” öyle değil",
    },
    "{key} cannot be set here; leave it out": {
        "zh": "这里不能设置 {key}；请去掉它",
        "tr": "{key} burada ayarlanamaz; çıkarın",
    },
    "it took more than {count} seconds and was stopped": {
        "zh": "用时超过 {count} 秒，已停止",
        "tr": "{count} saniyeden uzun sürdü ve durduruldu",
    },
}
